"""Pictures and boxes of an annotation file in COCO's format."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.formats.coco import read_annotations
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import leave_out, listed


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
        pictures, categories, objects = read_annotations(
            self.annotations, "boxes" if self.label == "largest" else "pictures"
        )
        if not pictures.height:
            raise ShiftscopeError(f"{self.annotations} names no pictures")
        names = tuple(category.name for category in categories)
        labels = _largest(objects, names) if self.label == "largest" else None
        if self.images:
            top = self.images
            path = pl.col("file_name").map_elements(lambda name: str(top / name), pl.String)
            pictures = pictures.with_columns(path=path)
        return listed(pictures, labels, names)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, in the order of the file, columns of `tables.BOXES`."""
        self.check()
        _, categories, objects = read_annotations(self.annotations, "boxes")
        negative = objects.filter((pl.col("width") < 0) | (pl.col("height") < 0))
        if negative.height:
            said = f"{negative.height} boxes have a negative side, such as that of annotation {negative['id'][0]}"
            leave_out(f"{self.annotations}: {said}", refuse=self.unusable == "refuse")
        found = objects.filter((pl.col("width") > 0) & (pl.col("height") > 0)).select(
            "image_id",
            "image_width",
            "image_height",
            "is_crowd",
            _named("category", [category.name for category in categories]),
            x_min="x",
            y_min="y",
            x_max=pl.col("x") + pl.col("width"),
            y_max=pl.col("y") + pl.col("height"),
        )
        return pl.concat([tables.BOXES.to_frame(), found], how="diagonal")

    def landmarks(self, folder: Path) -> pl.DataFrame:
        """All labelled key points, columns of `tables.LANDMARKS`; `instance` is the annotation's place in its file."""
        self.check()
        path = self.keypoints or self.annotations
        _, categories, objects = read_annotations(path, "points")
        named = pl.Series([len(category.points) for category in categories], dtype=pl.Int64)
        objects = objects.with_row_index("instance").with_columns(
            numbers=pl.col("points").list.len(), named=named.gather(objects["category"])
        )
        wrong = objects.filter((pl.col("numbers") > 0) & (pl.col("numbers") != 3 * pl.col("named")))
        if wrong.height:
            row = wrong.row(0, named=True)
            raise ShiftscopeError(
                f"{path}: annotation {row['id']} has {row['numbers']} numbers as key points, and its category "
                f"names {row['named']} points, of three numbers each"
            )
        # The names of all categories, one behind the other, and where those of each begin.
        names = [name for category in categories for name in category.points]
        begin = (named.cum_sum() - named).gather(objects["category"])
        values = objects["points"].explode(empty_as_null=False)
        points = objects.with_columns(point=pl.int_ranges(begin, begin + pl.col("numbers") // 3)).explode(
            "point", empty_as_null=False
        )
        points = points.with_columns(
            x=values.gather_every(3) + 0.5, y=values.gather_every(3, 1) + 0.5, labelled=values.gather_every(3, 2)
        ).filter(pl.col("labelled") > 0)
        found = points.select(
            "image_id", "image_width", "image_height", "x", "y",
            _named("point", names).alias("name"),
            _named("category", [category.name for category in categories]),
            pl.col("instance").cast(pl.Int64),
            visible=pl.col("labelled") == 2,
        )  # fmt: skip
        return pl.concat([tables.LANDMARKS.to_frame(), found], how="diagonal")


def _named(column: str, names: Sequence[str]) -> pl.Expr:
    """The names at the places that a column has."""
    return pl.lit(pl.Series(column, names, dtype=pl.String)).gather(pl.col(column))


def _largest(objects: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The category of each picture's largest box that is no crowd; of equal ones, the first in the file."""
    area = pl.col("width") * pl.col("height")
    boxes = objects.filter(~pl.col("is_crowd"), pl.col("width") > 0, pl.col("height") > 0, area > 0)
    found = boxes.group_by("image_id", maintain_order=True).agg(pl.col("category").get(area.arg_max()))
    return found.with_columns(_named("category", names))
