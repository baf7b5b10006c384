"""The stage that brings the boxes and points of a source into the pixel coordinates of the upright pictures.

Coordinates are continuous: (0, 0) is the upper left corner of the upper left pixel, and (width, height) the lower right
corner of the picture.
"""

import logging
from pathlib import Path

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import Source

OUTSIDE = 1.0
"""px by which a box may reach out of its picture, because annotations are rounded."""
SIDEWAYS = pl.col("orientation") >= 5
"""Whether the EXIF orientation of a picture exchanges its width and height (EXIF 2.32, Orientation)."""


def make_boxes(source: Source, folder: Path, images: pl.DataFrame) -> pl.DataFrame:
    """The boxes of `images`, columns of `tables.BOXES`, in the order of `image_id` and then of the source.

    Where the source does not know the size of a picture, that of `images` counts. Where boxes were drawn on the pixels as
    they are stored (`source.annotated`), they are turned together with the picture.

    Two kinds of boxes are unusable: those of a picture whose annotated size is not its real one, and those that reach out
    of their picture by more than `OUTSIDE` px. They raise a ShiftscopeError under `unusable: refuse`, and are left out with
    a line in the log under `unusable: skip`. Boxes that reach out by less are cut off at the edge.
    """
    boxes = _placed(source.boxes(folder), images, source, "boxes", (("x_min", "y_min"), ("x_max", "y_max")))
    boxes = boxes.with_columns(
        pl.min_horizontal("x_min", "x_max"),
        pl.min_horizontal("y_min", "y_max"),
        pl.max_horizontal("x_min", "x_max").alias("x_max"),
        pl.max_horizontal("y_min", "y_max").alias("y_max"),
    )
    boxes = _inside(boxes, source)
    return boxes.select(list(tables.BOXES)).sort("image_id", maintain_order=True)


def make_landmarks(source: Source, folder: Path, images: pl.DataFrame) -> pl.DataFrame:
    """The points of `images`, columns of `tables.LANDMARKS`, in the order of `image_id` and then of the source.

    They are placed as boxes are (`make_boxes`), and a point outside its picture is unusable.
    """
    points = _placed(source.landmarks(folder), images, source, "points", (("x", "y"),))
    inside = pl.col("x").is_between(0, pl.col("width")) & pl.col("y").is_between(0, pl.col("height"))
    lost = points.filter(~inside)
    if lost.height:
        row = lost.row(0, named=True)
        _refuse_or_say(
            f"{lost.height} points lie outside their pictures: {row['image_id']} is {row['width']} × {row['height']} px and"
            f" has {row['name']} at ({row['x']:g}, {row['y']:g})",
            source,
        )
    return points.filter(inside).select(list(tables.LANDMARKS)).sort("image_id", maintain_order=True)


Corners = tuple[tuple[str, str], ...]
"""Names of the columns with the x and y of each corner of a box, or of a point."""


def _placed(table: pl.DataFrame, images: pl.DataFrame, source: Source, what: str, corners: Corners) -> pl.DataFrame:
    """Rows of pictures that are used, with `corners` in coordinates of the upright picture, and its `width` and `height`.

    Rows for a picture of 1 × 1 are shares of whatever size it has. Once turned, a corner may be another corner of its box.
    `what` names the rows in messages: boxes or points.
    """
    table = table.join(
        images.select("image_id", "width", "height", "orientation"), on="image_id", how="inner", maintain_order="left"
    )
    turned, unknown = _turned(source)
    _warn_of_unsure(table.filter(unknown), what)
    table = _turned_upright(_in_pixels(table, turned, corners), turned, corners)
    table = table.with_columns(
        pl.coalesce("image_width", "width").alias("image_width"),
        pl.coalesce("image_height", "height").alias("image_height"),
    )
    fits = (pl.col("image_width") == pl.col("width")) & (pl.col("image_height") == pl.col("height"))
    strange = table.filter(~fits)
    if strange.height:
        row = strange.row(0, named=True)
        _refuse_or_say(
            f"the {what} of {strange['image_id'].n_unique()} pictures are for other sizes than the pictures have:"
            f" {row['image_id']} is {row['width']} × {row['height']} px,"
            f" annotated as {row['image_width']} × {row['image_height']}",
            source,
        )
    return table.filter(fits)


def _warn_of_unsure(unsure: pl.DataFrame, what: str) -> None:
    """Log a warning where nobody can tell whether annotations are relative to the stored or to the upright picture."""
    if unsure.height:
        logging.getLogger(__name__).warning(
            "%d pictures such as %s are shown turned or mirrored, as their EXIF data say, and nothing says whether their %s"
            " are, too; they are taken as relative to the upright picture. If they are not, write `annotated: stored`",
            unsure["image_id"].n_unique(),
            unsure["image_id"][0],
            what,
        )


def _in_pixels(table: pl.DataFrame, turned: pl.Expr, corners: Corners) -> pl.DataFrame:
    """`table` with pixels in place of shares, and the picture's size as it was annotated in place of 1 × 1."""
    shares = (pl.col("image_width") == 1) & (pl.col("image_height") == 1)
    sideways = turned & SIDEWAYS
    across, down = (pl.when(sideways).then(b).otherwise(a) for a, b in (("width", "height"), ("height", "width")))
    return table.with_columns(
        *(pl.when(shares).then(pl.col(x) * across).otherwise(x).alias(x) for x, _ in corners),
        *(pl.when(shares).then(pl.col(y) * down).otherwise(y).alias(y) for _, y in corners),
        pl.when(shares).then(across).otherwise("image_width").alias("image_width"),
        pl.when(shares).then(down).otherwise("image_height").alias("image_height"),
    )


def _turned_upright(table: pl.DataFrame, turned: pl.Expr, corners: Corners) -> pl.DataFrame:
    """`table` with corners and sizes of the upright picture where they are `turned`: relative to the stored pixels."""
    sideways = turned & SIDEWAYS
    return table.with_columns(
        *(
            pl.when(turned).then(value).otherwise(pl.col(name)).alias(name)
            for x, y in corners
            for name, value in zip((x, y), _upright(pl.col(x), pl.col(y)), strict=True)
        ),
        pl.when(sideways).then("image_height").otherwise("image_width").alias("image_width"),
        pl.when(sideways).then("image_width").otherwise("image_height").alias("image_height"),
    )


def _turned(source: Source) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row is relative to the pixels as they are stored, and whether nobody can tell."""
    rotated = pl.col("orientation").fill_null(1) > 1
    if source.annotated == "shown":
        return pl.lit(value=False), pl.lit(value=False)
    if source.annotated == "stored":
        return rotated, pl.lit(value=False)
    as_shown = (pl.col("image_width") == pl.col("width")) & (pl.col("image_height") == pl.col("height"))
    as_stored = (pl.col("image_width") == pl.col("height")) & (pl.col("image_height") == pl.col("width")) & SIDEWAYS
    told = (as_shown != as_stored).fill_null(value=False) & SIDEWAYS
    return rotated & told & as_stored, rotated & ~told


def _upright(x: pl.Expr, y: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Where a point of the stored pixels lies in the upright picture of `width` × `height` (EXIF 2.32, Orientation)."""
    width, height, how = pl.col("width"), pl.col("height"), pl.col("orientation")
    across = pl.when(SIDEWAYS).then(y).otherwise(x)
    down = pl.when(SIDEWAYS).then(x).otherwise(y)
    return (
        pl.when(how.is_in([2, 3, 6, 7])).then(width - across).otherwise(across),
        pl.when(how.is_in([3, 4, 7, 8])).then(height - down).otherwise(down),
    )


def _inside(boxes: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The boxes inside their pictures, cut off at the edges; what becomes of the others, the source says."""
    outside = (pl.min_horizontal("x_min", "y_min") < -OUTSIDE) | (
        (pl.col("x_max") > pl.col("width") + OUTSIDE) | (pl.col("y_max") > pl.col("height") + OUTSIDE)
    )
    lost = boxes.filter(outside)
    if lost.height:
        row = lost.row(0, named=True)
        _refuse_or_say(
            f"{lost.height} boxes lie outside their pictures: {row['image_id']} is {row['width']} × {row['height']} px and"
            f" has a box from ({row['x_min']:g}, {row['y_min']:g}) to ({row['x_max']:g}, {row['y_max']:g})",
            source,
        )
    return boxes.filter(~outside).with_columns(
        pl.col("x_min", "y_min").clip(0), pl.min_horizontal("x_max", "width"), pl.min_horizontal("y_max", "height")
    )


def _refuse_or_say(message: str, source: Source) -> None:
    """Raise a ShiftscopeError under `unusable: refuse`, and log a warning under `skip`."""
    if source.unusable == "refuse":
        raise ShiftscopeError(f"{message}; correct them, or write `unusable: skip` to leave them out")
    logging.getLogger(__name__).warning("%s; they are left out", message)
