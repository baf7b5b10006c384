"""Boxes in YOLO's text files, one per picture."""

import logging
from itertools import pairwise
from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.settings import read_settings
from shiftscope.core.values import text_fault
from shiftscope.data.classes import numbered, read_names
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import found_pictures, largest_labels, leave_out, listed
from shiftscope.sources.folder import below_id, class_folders, picture_files

TOLERANCE = 1e-3
"""How far a share may lie outside 0 to 1 by rounding."""
HIGHEST = 100_000
"""No data set has as many classes; a higher number is none of a class."""


@sources.register("yolo", title="YOLO labels", reference="https://docs.ultralytics.com/datasets/detect, and /segment")
class Yolo(Source):
    """Lines of `class x y width height`, the box's centre and size as shares of the picture's, or of `class x y x y …`, a
    polygon, whose box counts. A picture without a file has no boxes."""

    labels: Path
    """The folder of text files, at any depth."""
    images: Path
    """The folder of the pictures, laid out in the same way."""
    names: Path | None = None
    """Class names: the data set's YAML, with `names`, or a text file with one in each line. Not set: their numbers."""
    label: Literal["largest", "none"] = "largest"
    """`largest`: a picture's label is the category of its largest box; `none`: no labels."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures", "boxes"} | ({"labels"} if self.label == "largest" else set()))

    def check(self) -> None:
        """Raise a ShiftscopeError if a folder or the names are not there."""
        for path in (self.labels, self.images):
            if not path.is_dir():
                raise ShiftscopeError(f"the folder {path} does not exist")
        if self.names is not None and not self.names.is_file():
            raise ShiftscopeError(f"the class names {self.names} do not exist")

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        if not (path / "labels").is_dir() or not (path / "images").is_dir():
            return None
        names = next((found for found in (path / "data.yaml", path / "classes.txt") if found.is_file()), None)
        return {"labels": path / "labels", "images": path / "images", **({"names": names} if names else {})}

    def inputs(self) -> list[Path]:
        """The folders and those in them, whose dates change when a file comes or goes, and the names."""
        tops = [path for path in (self.labels, self.images) if path.is_dir()]
        folders = [path for top in tops for path in class_folders(top)]
        return [self.labels, self.images, *folders, *([self.names] if self.names else [])]

    def listing(self, folder: Path) -> Listing:
        """Every picture below `images`; `image_id` is its path there without its ending."""
        self.check()
        ids = sorted(path.relative_to(self.images).with_suffix("").as_posix() for path in picture_files(self.images))
        if not ids:
            raise ShiftscopeError(f"{self.images} has no pictures")
        for one, other in pairwise(ids):
            if one == other:
                raise ShiftscopeError(f"{self.images} has two pictures called {one}, with different endings; remove one")
        numbers, boxes = self._read()
        strangers = sorted(set(boxes["image_id"]) - set(ids))
        if strangers:
            logging.getLogger(__name__).warning(
                "%d files of %s such as %s.txt have no picture; they are left out",
                len(strangers),
                self.labels,
                strangers[0],
            )
        pictures = found_pictures(pl.DataFrame({"image_id": ids}, schema={"image_id": pl.String}), self.images)
        return listed(pictures, largest_labels(boxes) if self.label == "largest" else None, numbers)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, as shares: the size of every picture is given as 1 × 1."""
        return self._read()[1]

    def _read(self) -> tuple[tuple[str, ...], pl.DataFrame]:
        rows: list[tuple[str, int, float, float, float, float]] = []
        faulty: list[str] = []
        for path in sorted(self.labels.rglob("*.txt")):
            if path.name == "classes.txt":  # where LabelImg puts the names
                continue
            image_id = below_id(path.relative_to(self.labels), suffix=True)
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
                if line.strip():
                    try:
                        rows.append((image_id, *_box(line.split())))
                    except ValueError as error:
                        faulty.append(f"{path}, line {number}: {error}")
        if faulty:
            more = f"; and {len(faulty) - 5} more" if len(faulty) > 5 else ""
            message = f"{len(faulty)} lines are no boxes: {'; '.join(faulty[:5])}{more}"
            leave_out(message, refuse=self.unusable == "refuse" or not rows)
        names = numbered(self.classes, {row[1] for row in rows}, self._names())
        edges = dict.fromkeys(("x_min", "y_min", "x_max", "y_max"), pl.Float64())
        table = pl.DataFrame(rows, schema={"image_id": pl.String(), "class": pl.Int64(), **edges}, orient="row")
        named = pl.Series([names[number] for number in table["class"]], dtype=pl.String)
        table = table.with_columns(category=named, image_width=1, image_height=1).drop("class")
        table = table.filter((pl.col("x_max") > pl.col("x_min")) & (pl.col("y_max") > pl.col("y_min")))
        return names, pl.concat([tables.BOXES.to_frame(), table], how="diagonal_relaxed").cast(tables.BOXES)

    def _names(self) -> list[str] | None:
        if self.names is None:
            return None
        if self.names.suffix.lower() not in (".yaml", ".yml"):
            return read_names(self.names)
        try:
            said = read_settings(self.names)
            if "kpt_shape" in said:
                raise ShiftscopeError(f"{self.names} has `kpt_shape`: its labels hold key points, which are not read here")
            names = said["names"]
            if not isinstance(names, list | dict):
                raise TypeError
            found = [str(names[number]) for number in range(len(names))]
            if fault := next(filter(None, map(text_fault, found)), None):
                raise ShiftscopeError(f"{self.names} has a name that can be none: {fault}")
            return found
        except (KeyError, TypeError) as error:
            raise ShiftscopeError(
                f"{self.names} has no usable `names` ({type(error).__name__}); number them from 0"
            ) from None


def _box(words: list[str]) -> tuple[int, float, float, float, float]:
    """Class and edges of one line. Raises ValueError where it is no box."""
    try:
        kind, values = float(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        raise ValueError(f"{' '.join(words)[:60]!r} has words where numbers were expected") from None
    if not (kind.is_integer() and 0 <= kind < HIGHEST):
        raise ValueError(f"{words[0][:20]} is no class; they are numbered from 0")
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise ValueError(
            f"it has {len(values)} numbers after the class; a box has 4, a polygon an even number from 6; confidences and"
            " key points are not read here"
        )
    if not all(-TOLERANCE <= value <= 1 + TOLERANCE for value in values):
        raise ValueError("it reaches out of the picture: coordinates are shares of its size, 0 to 1")
    if len(values) > 4:
        return int(kind), min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    x, y, width, height = values
    return int(kind), x - width / 2, y - height / 2, x + width / 2, y + height / 2
