"""Boxes of Open Images, from its CSV files."""

from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope import tables
from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.sources import Listing, Source, sources
from shiftscope.sources.boxes import found_pictures, largest_labels, listed

NEEDED = ("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax")


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
        has = self._scan().collect_schema().names()
        for column in NEEDED:
            if column not in has:
                raise ShiftscopeError(f"{self.path} is no table of Open Images' boxes: {unknown('column', column, has)}")

    def inputs(self) -> list[Path]:
        """The CSV files."""
        return [path for path in (self.path, self.names, self.images) if path is not None]

    def listing(self, folder: Path) -> Listing:
        """Every picture that has a row; `image_id` is its ImageID."""
        self.check()
        boxes = self.boxes(folder)
        pictures = self._scan().select(pl.col("ImageID").unique().sort().alias("image_id")).collect()
        if not pictures.height:
            raise ShiftscopeError(f"{self.path} has no rows")
        categories = tuple(boxes["category"].unique().sort())
        labels = largest_labels(boxes) if self.label == "largest" else None
        if self.images is not None:
            return listed(found_pictures(pictures, self.images), labels, categories)
        return listed(pictures.with_columns(width=1, height=1), labels, categories)

    def boxes(self, folder: Path) -> pl.DataFrame:
        """All boxes with an area, as shares of the picture: of one of 1 × 1."""
        flag = {
            name: pl.when(pl.col(column) >= 0).then(pl.col(column) > 0)  # −1: nobody looked
            for name, column in (("is_crowd", "IsGroupOf"), ("is_truncated", "IsTruncated"))
            if column in self._scan().collect_schema().names()
        }
        found = self._scan().select(
            pl.col("ImageID").alias("image_id"),
            pl.col("LabelName").alias("category"),
            pl.col("XMin").alias("x_min"),
            pl.col("YMin").alias("y_min"),
            pl.col("XMax").alias("x_max"),
            pl.col("YMax").alias("y_max"),
            **flag,
        )
        if self.names is not None:
            names = pl.scan_csv(self.names, has_header=False, new_columns=["category", "name"]).select("category", "name")
            found = found.join(names, on="category", how="left", maintain_order="left").with_columns(
                pl.coalesce("name", "category").alias("category")
            )
        found = found.filter((pl.col("x_max") > pl.col("x_min")) & (pl.col("y_max") > pl.col("y_min")))
        table = found.select(name for name in tables.BOXES if name in found.collect_schema().names()).collect()
        table = table.with_columns(image_width=1, image_height=1)
        return pl.concat([tables.BOXES.to_frame(), table], how="diagonal_relaxed").cast(tables.BOXES)

    def _scan(self) -> pl.LazyFrame:
        try:
            kinds = dict.fromkeys(("XMin", "XMax", "YMin", "YMax"), pl.Float64)
            return pl.scan_csv(self.path, schema_overrides=kinds)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ShiftscopeError(f"{self.path} cannot be read: {str(error).splitlines()[0]}") from None
