"""The files that stages hand to each other: their columns, and how they are written and read.

Every table is Parquet. A column that is listed is a promise to later stages and to other people's scripts. The tables of
`sensitivity` and `bias` are listed there: a column more in a result must not rerun the networks.
"""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from shiftscope.core.files import complete

IMAGES = pl.Schema(
    {
        "image_id": pl.String,  # unique in its data set: the path below the folder, without the file's ending
        "path": pl.String,  # of a picture in a tar: <archive>#<offset>+<size>/<name>; null where only annotations are here
        "label": pl.Int32,  # index into the network's outputs; null where unknown
        "category": pl.String,
        "width": pl.Int32,  # px, of the picture as it is shown (EXIF rotation applied)
        "height": pl.Int32,
        "first_frame": pl.Int32,  # of a film: where in the file it begins; null for pictures
        "frames": pl.Int32,  # of a film: how many frames it has
        "orientation": pl.Int32,  # EXIF's, 1 to 8, which was undone; null for a picture known by its annotations alone
    }
)
SKIPPED = pl.Schema({"image_id": pl.String, "stage": pl.String, "reason": pl.String})
BOXES = pl.Schema(
    {
        "image_id": pl.String,
        "category": pl.String,
        "x_min": pl.Float64,  # px, continuous and half-open: a box over columns 3, 4, 5 is [3, 6)
        "y_min": pl.Float64,
        "x_max": pl.Float64,
        "y_max": pl.Float64,
        "image_width": pl.Int32,
        "image_height": pl.Int32,
        "is_crowd": pl.Boolean,
        "is_truncated": pl.Boolean,
        "is_difficult": pl.Boolean,
    }
)
LANDMARKS = pl.Schema(
    {
        "image_id": pl.String,
        "category": pl.String,  # of the object that the point belongs to
        "instance": pl.Int64,  # number of that object: points of one object share it
        "name": pl.String,  # such as left_eye
        "x": pl.Float64,  # px, continuous: the middle of column 3 is 3.5
        "y": pl.Float64,
        "visible": pl.Boolean,
        "image_width": pl.Int32,
        "image_height": pl.Int32,
    }
)
FRAMES = pl.Schema(
    {
        "image_id": pl.String,
        "step": pl.Int32,
        "value": pl.Float64,  # the swept quantity in the protocol's unit
        "canvas_id": pl.String,
        "window_x": pl.Int32,  # px, left edge of the frame on its canvas
        "window_y": pl.Int32,
        # How the canvas was made from the picture, for a third party to make it again:
        "source_left": pl.Float64,  # px of the picture: the region that was resized
        "source_top": pl.Float64,
        "source_right": pl.Float64,
        "source_bottom": pl.Float64,
        "resized_width": pl.Int32,  # px, its size afterwards
        "resized_height": pl.Int32,
        "resizer": pl.String,  # the function it was resized by, as `shiftscope.resizers` calls it
        "paste_x": pl.Int32,  # px of the canvas: where its left upper corner was put
        "paste_y": pl.Int32,
        # What is around it: none, a colour such as #000000, inpaint, wrap (itself again), edge or reflect (as numpy.pad).
        "surround": pl.String,
        # What then turned and moved the canvas: none; fourier; bilinear, of the whole resized picture where the surround
        # is none, else of what of it lies on the frame; or whole: by whole pixels, of what of it lies on the frame before,
        # that is from window_x + shift_x and window_y + shift_y on.
        "warp": pl.String,
        "angle": pl.Float64,  # degrees, counter-clockwise, about the frame's middle
        "shift_x": pl.Float64,  # px to the right
        "shift_y": pl.Float64,  # px down
        "as_first": pl.Boolean,  # whether it holds the same pixels as the first frame of its picture
    }
)
PREDICTIONS = pl.Schema(
    {  # type: ignore[arg-type]
        "image_id": pl.String,
        "step": pl.Int32,
        "value": pl.Float64,
        "label": pl.Int32,
        "label_prob": pl.Float32,  # softmax probability of the label; null where there is none
        "label_rank": pl.Int32,  # 1 = top
        "top5": pl.List(pl.Int32),  # most probable class first; fewer than 5 where the network has fewer classes
        "top5_prob": pl.List(pl.Float32),
        "prob_of_previous_top1": pl.Float32,  # probability now of the class that was top one step before; null at step 0
    }
)


def table(rows: Iterable[dict[str, object]], schema: pl.Schema) -> pl.DataFrame:
    """Rows as a table of exactly these columns; a missing one is null, a surplus one is an error."""
    return pl.DataFrame(list(rows), schema=schema)


def write(path: str | Path, frame: pl.DataFrame, schema: pl.Schema) -> None:
    """Write `frame` with exactly the columns of `schema`, complete or not at all."""
    frame = frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    with complete(path) as part:
        frame.write_parquet(part, compression="zstd")


def read(paths: str | Path | Iterable[str | Path], schema: pl.Schema) -> pl.DataFrame:
    """Read one file, or several of the same columns one below the other in the order given."""
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    # Without `glob=False` polars takes `run[12]/images.parquet` for `run1/images.parquet` where there is such a file.
    tables = [pl.read_parquet(file, columns=list(schema), glob=False) for file in files]
    return pl.concat(tables or [schema.to_frame()])


def read_if(path: str | None, schema: pl.Schema) -> pl.DataFrame | None:
    """`read`, or None where there is no such file for this data set."""
    return read(path, schema) if path else None
