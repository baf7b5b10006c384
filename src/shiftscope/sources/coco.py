"""Pictures and boxes of an annotation file in COCO's format."""

import contextlib
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import LISTING, Listing, Source, sources
from shiftscope.sources.boxes import leave_out

if TYPE_CHECKING:
    from pycocotools.coco import COCO

FINITE = sys.float_info.max


@sources.register(
    "coco",
    title="COCO annotations",
    reference="Lin et al. 2014, arXiv:1405.0312; https://cocodataset.org/#format-data",
)
class Coco(Source):
    """The pictures that an `instances` or `person_keypoints` file names, their boxes and key points.

    A box is COCO's [x, y, width, height] as [x, x + width) × [y, y + height). Boxes without area are left out, with a line
    in the log where a side is negative; boxes of crowds are kept and marked. A key point is the middle of the pixel that
    COCO names; those that are not labelled (v = 0) are left out.
    """

    images: Path | None = None
    """The folder that the file names of the annotations are relative to. Not set: only boxes and points are looked at."""
    annotations: Path
    """The annotation file (JSON)."""
    keypoints: Path | None = None
    """A second file of the same pictures, with key points, where `annotations` has none."""
    label: Literal["largest", "none"] = "largest"
    """`largest`: a picture's label is the category of its largest box, crowds aside; `none`: no labels."""

    @property
    def provides(self) -> frozenset[str]:
        labels = {"labels"} if self.label == "largest" else set()
        points = {"landmarks"} if self.keypoints or "keypoints" in self.annotations.name else set()
        return frozenset({"boxes"} | labels | points | ({"pictures"} if self.images else set()))

    def check(self) -> None:
        """Raise a ShiftscopeError if the folder or the file is not there."""
        if self.images is not None and not self.images.is_dir():
            raise ShiftscopeError(f"the folder of pictures {self.images} does not exist")
        for path in self.inputs():
            if not path.is_file():
                raise ShiftscopeError(f"the annotation file {path} does not exist")

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        folders = [path, path / "annotations"] if path.is_dir() else []
        found = [file for folder in folders for file in sorted(folder.glob("instances_*.json"))] if folders else []
        for file in sorted(found, key=lambda file: "val" not in file.name):
            split = file.stem.removeprefix("instances_")
            pictures = next((top for top in (path / split, path / "images" / split, path / "images") if top.is_dir()), None)
            return {"annotations": file, "label": "largest", **({"images": pictures} if pictures else {})}
        return None

    def inputs(self) -> list[Path]:
        """The annotation files."""
        return [self.annotations, *([self.keypoints] if self.keypoints else [])]

    def listing(self, folder: Path) -> Listing:
        """Every picture of the annotation file, also those whose file is missing: they are skipped or refused when
        pictures are opened. `image_id` is the file name without its ending; categories count in the order of their ids.
        """
        self.check()
        coco = self._read()
        if not coco.imgs:
            raise ShiftscopeError(f"{self.annotations} names no pictures")
        names = self._names(coco)
        labels = self._labels(coco)
        rows = [
            (
                _id(image["file_name"]),
                str(self.images / image["file_name"]) if self.images else None,
                labels.get(number),
                image.get("width") or None,
                image.get("height") or None,
            )
            for number, image in coco.imgs.items()
        ]
        sizes = {"width": pl.Int32, "height": pl.Int32}
        return Listing(pl.DataFrame(rows, schema={**LISTING, **sizes}, orient="row"), tuple(names.values()))

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, in the order of the file, columns of `tables.BOXES`."""
        self.check()
        coco = self._read()
        names = self._names(coco)
        rows = []
        negative = []
        for annotation in coco.dataset["annotations"]:
            x, y, width, height = self._box(annotation)
            if width < 0 or height < 0:
                negative.append(annotation["id"])
            if width <= 0 or height <= 0:
                continue
            image = coco.imgs[annotation["image_id"]]
            rows.append(
                {
                    "image_id": _id(image["file_name"]),
                    "category": names[annotation["category_id"]],
                    "x_min": x,
                    "y_min": y,
                    "x_max": x + width,
                    "y_max": y + height,
                    "image_width": image.get("width") or None,
                    "image_height": image.get("height") or None,
                    "is_crowd": self._crowd(annotation),
                }
            )
        if negative:
            said = f"{len(negative)} boxes have a negative side, such as that of annotation {negative[0]}"
            leave_out(f"{self.annotations}: {said}", refuse=self.unusable == "refuse")
        return tables.table(rows, tables.BOXES)

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All labelled key points, columns of `tables.LANDMARKS`; `instance` is the annotation's place in its file."""
        self.check()
        path = self.keypoints or self.annotations
        coco = self._read(path)
        rows = []
        for instance, annotation in enumerate(coco.dataset["annotations"]):
            category = coco.cats[annotation["category_id"]]
            image = coco.imgs[annotation["image_id"]]
            for name, x, y, labelled in self._points(annotation, category, path):
                if labelled:
                    rows.append(
                        {
                            "image_id": _id(image["file_name"]),
                            "category": category["name"],
                            "instance": instance,
                            "name": name,
                            "x": x + 0.5,
                            "y": y + 0.5,
                            "visible": labelled == 2,
                            "image_width": image.get("width") or None,
                            "image_height": image.get("height") or None,
                        }
                    )
        return tables.table(rows, tables.LANDMARKS)

    def _points(
        self, annotation: Mapping[str, Any], category: Mapping[str, Any], path: Path
    ) -> list[tuple[str, float, float, float]]:
        """Name, x, y, v of an annotation's key points; none where it has none."""
        names, points = category.get("keypoints") or [], annotation.get("keypoints") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._broken(f"the category {category['name']} has `keypoints` that are no list of names", path)
        if not isinstance(points, list) or not all(map(_is_number, points)) or not set(points[2::3]) <= {0, 1, 2}:
            raise self._broken(
                f"annotation {annotation['id']} has key points that are not x, y and v, which is 0, 1 or 2", path
            )
        if points and len(points) != 3 * len(names):
            raise ShiftscopeError(
                f"{path}: annotation {annotation['id']} has {len(points)} numbers as key points, and its category "
                f"names {len(names)} points, of three numbers each"
            )
        return list(zip(names, points[::3], points[1::3], points[2::3], strict=False))

    def _read(self, path: Path | None = None) -> "COCO":
        from pycocotools.coco import COCO

        coco = COCO()
        path = path or self.annotations
        try:
            coco.dataset = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ShiftscopeError(f"{path} is no JSON: {error}") from None
        self._check_parts(coco.dataset, path)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
            coco.createIndex()
        for noun, part, known in (("pictures", "images", coco.imgs), ("categories", "categories", coco.cats)):
            if len(known) < len(coco.dataset[part]):
                raise ShiftscopeError(f"{path} has two {noun} of the same id; give each an id of its own")
        for annotation in coco.dataset["annotations"]:
            for key, known in (("image_id", coco.imgs), ("category_id", coco.cats)):
                if annotation[key] not in known:
                    raise self._broken(f"annotation {annotation['id']} has the {key} {annotation[key]!r}, not listed", path)
        return coco

    def _check_parts(self, dataset: object, path: Path) -> None:
        """Everything that is read later is there and of its type."""
        parts: dict[str, dict[str, type | tuple[type, ...]]] = {
            "images": {"id": (int, str), "file_name": str},
            "annotations": {"id": (int, str), "image_id": (int, str), "category_id": int},
            "categories": {"id": int, "name": str},
        }
        for part, keys in parts.items():
            entries = dataset.get(part) if isinstance(dataset, dict) else None
            if not isinstance(entries, list):
                raise self._broken(f"there is no list of {part!r}", path)
            for place, entry in enumerate(entries):
                for key, kind in keys.items():
                    found = entry.get(key) if isinstance(entry, dict) else None
                    if not isinstance(found, kind) or isinstance(found, bool):  # True would be the number 1
                        raise self._broken(f"entry {place} of {part!r} has no usable {key!r}", path)
                if part == "images":
                    self._check_image(entry, path)

    def _check_image(self, image: Mapping[str, Any], path: Path) -> None:
        name = PurePosixPath(image["file_name"])
        if name.is_absolute() or ".." in name.parts or not name.name:
            raise self._broken(f"the file name {image['file_name']!r} does not stay inside the folder of pictures", path)
        for key in ("width", "height"):
            side = image.get(key)
            if isinstance(side, bool) or not isinstance(side, int | None) or not 0 <= (side or 0) < 2**31:
                raise self._broken(f"{image['file_name']} has the {key} {side!r}, no whole number of pixels", path)

    def _broken(self, what: str, path: Path | None = None) -> ShiftscopeError:
        return ShiftscopeError(f"{path or self.annotations} is no file of COCO instances: {what}")

    def _names(self, coco: "COCO") -> dict[int, str]:
        return {number: coco.cats[number]["name"] for number in sorted(coco.cats)}

    def _box(self, annotation: Mapping[str, Any]) -> tuple[float, float, float, float]:
        found = annotation.get("bbox")
        if not isinstance(found, list) or len(found) != 4 or not all(map(_is_number, found)):
            raise self._broken(f"annotation {annotation['id']} has no `bbox` of four finite numbers, but {str(found)[:60]}")
        x, y, width, height = map(float, found)
        return x, y, width, height

    def _crowd(self, annotation: Mapping[str, Any]) -> bool:
        """COCO writes 0 or 1, and nothing where there are no crowds."""
        said = annotation.get("iscrowd")
        if said is not None and (not isinstance(said, int | float) or said not in (0, 1)):
            raise self._broken(f"annotation {annotation['id']} has the `iscrowd` {said!r}, which is neither 0 nor 1")
        return bool(said)

    def _labels(self, coco: "COCO") -> dict[int, str]:
        """Id of a picture → category of its largest box that is no crowd; of equal ones, the first in the file."""
        if self.label == "none":
            return {}
        largest: dict[int, tuple[float, str]] = {}
        names = self._names(coco)
        for annotation in coco.dataset["annotations"]:
            _, _, width, height = self._box(annotation)
            area = width * height if min(width, height) > 0 else 0.0
            if not self._crowd(annotation) and area > largest.get(annotation["image_id"], (0.0, ""))[0]:
                largest[annotation["image_id"]] = (area, names[annotation["category_id"]])
        return {number: category for number, (_, category) in largest.items()}


def _is_number(value: object) -> bool:
    """Whether JSON's `value` is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FINITE


def _id(file_name: str) -> str:
    return PurePosixPath(file_name).with_suffix("").as_posix()
