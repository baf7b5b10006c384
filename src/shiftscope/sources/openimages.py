"""Boxes of Open Images, from its CSV files."""

from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import FLAT, ORDERED, found_pictures, largest_labels, leave_out, listed

EDGES = {"x_min": "XMin", "y_min": "YMin", "x_max": "XMax", "y_max": "YMax"}
FLAGS = {"is_crowd": "IsGroupOf", "is_truncated": "IsTruncated"}
NEEDED = ("ImageID", "LabelName", *EDGES.values())
TOLERANCE = 1e-3
"""How far a share may lie outside 0 to 1 by rounding."""


@sources.register(
    "openimages",
    title="Open Images boxes",
    reference="Kuznetsova et al. 2020, IJCV 128; https://storage.googleapis.com/openimages/web/download_v7.html",
)
class OpenImages(Source):
    """Coordinates are shares of the picture's size. Without pictures, nobody says what that is: each counts as one of
    1 × 1. Boxes of groups are marked as crowds; boxes without area are left out."""

    path: Path
    """The CSV of boxes, such as `validation-annotations-bbox.csv`."""
    names: Path | None = None
    """The CSV of class names, `oidv7-class-descriptions-boxable.csv`; not set: categories are codes such as `/m/01g317`."""
    images: Path | None = None
    """The folder of the pictures, `<ImageID>.jpg` at any depth. Not set: only the boxes are looked at."""
    label: Literal["largest", "none"] = "largest"
    """`largest`: a picture's label is the category of its largest box, groups aside; `none`: no labels."""

    @property
    def provides(self) -> frozenset[str]:
        labels = {"labels"} if self.label == "largest" else set()
        return frozenset({"boxes"} | labels | ({"pictures"} if self.images else set()))

    def check(self) -> None:
        """Raise a ShiftscopeError if a file or folder is not there, or a column is missing."""
        if self.images is not None and not self.images.is_dir():
            raise ShiftscopeError(f"the folder of pictures {self.images} does not exist")
        for path in filter(None, (self.path, self.names)):
            if not path.is_file():
                raise ShiftscopeError(f"the file {path} does not exist")
        has = self._columns()
        for column in NEEDED:
            if column not in has:
                raise ShiftscopeError(f"{self.path} is no table of Open Images' boxes: {unknown('column', column, has)}")
        if self.names is not None:
            self._names()

    def inputs(self) -> list[Path]:
        """The CSV files."""
        return [path for path in (self.path, self.names, self.images) if path is not None]

    def listing(self, folder: Path) -> Listing:
        """Every picture that has a row; `image_id` is its ImageID."""
        self.check()
        boxes = self.boxes(folder)
        pictures = self._collect(self._scan().select(pl.col("ImageID").drop_nulls().unique().sort().alias("image_id")))
        if not pictures.height:
            raise ShiftscopeError(f"{self.path} has no rows")
        categories = tuple(boxes["category"].unique().sort())
        labels = largest_labels(boxes) if self.label == "largest" else None
        if self.images is not None:
            return listed(found_pictures(pictures, self.images), labels, categories)
        return listed(pictures.with_columns(width=1, height=1), labels, categories)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, as shares: the size of every picture is given as 1 × 1."""
        has = self._columns()
        found = self._scan().select(
            image_id="ImageID",
            category="LabelName",
            **EDGES,
            **{  # −1: nobody looked
                name: pl.when(pl.col(column) >= 0).then(pl.col(column) > 0)
                for name, column in FLAGS.items()
                if column in has
            },
        )
        if self.names is not None:
            found = found.join(self._names().lazy(), on="category", how="left", maintain_order="left").with_columns(
                category=pl.coalesce("name", "category")
            )
        usable = pl.all_horizontal(
            pl.col("image_id", "category").is_not_null(),
            pl.col(list(EDGES)).is_between(-TOLERANCE, 1 + TOLERANCE).fill_null(value=False),
            ORDERED,
        )
        kept = [name for name in tables.BOXES if name in ("image_id", "category", *EDGES) or FLAGS.get(name) in has]
        table = self._collect(found.select(*kept, usable=usable).filter(~(pl.col("usable") & FLAT)))
        self._report(table.filter(~pl.col("usable")), table.height)
        table = table.filter("usable").drop("usable").with_columns(image_width=1, image_height=1)
        return pl.concat([tables.BOXES.to_frame(), table], how="diagonal_relaxed").cast(tables.BOXES)

    def _report(self, bad: pl.DataFrame, total: int) -> None:
        if not bad.height:
            return
        row = bad.row(0)
        message = (
            f"{self.path}: {bad.height} rows are no boxes of a named picture and class with shares of 0 to 1, the lower"
            f" one first, such as {', '.join(str(cell) for cell in row[:6])}"
        )
        leave_out(message, refuse=self.unusable == "refuse" or bad.height == total)

    def _scan(self) -> pl.LazyFrame:
        # Told, not guessed from the first rows: an ImageID may be of digits alone.
        numbers = dict.fromkeys((*EDGES.values(), *FLAGS.values()), pl.Float64())
        kinds = {**numbers, "ImageID": pl.String(), "LabelName": pl.String()}
        return pl.scan_csv(self.path, schema_overrides=kinds, glob=False)

    def _columns(self) -> list[str]:
        try:
            return self._scan().collect_schema().names()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(self.path, error) from None

    def _collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(self.path, error) from None

    def _names(self) -> pl.DataFrame:
        """category, name: the first where a code has several."""
        assert self.names is not None
        try:
            table = pl.read_csv(self.names, has_header=False, infer_schema=False, glob=False)
            table = table.select(pl.nth(0).alias("category"), pl.nth(1).alias("name"))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(self.names, error) from None
        return table.unique("category", keep="first", maintain_order=True)

    def _unreadable(self, path: Path, error: Exception) -> ShiftscopeError:
        return ShiftscopeError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}")
