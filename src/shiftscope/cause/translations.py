"""How far the picture moves from frame to frame, read from the table of frames; and which sequences are no translations."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError

ALIKE = {
    "source_left": "the part of the picture that they show",
    "source_top": "the part of the picture that they show",
    "source_right": "the part of the picture that they show",
    "source_bottom": "the part of the picture that they show",
    "resized_width": "the size that the picture is resized to",
    "resized_height": "the size that the picture is resized to",
    "resizer": "the function that resizes the picture",
    "surround": "what is around the picture",
    "angle": "the angle by which the picture is turned",
}
"""Columns of tables.FRAMES that all frames of a picture must agree in, and what they say."""
ADVICE = "layers are measured over translations; take a protocol of kind 'embed', 'circular' or 'crop'"


def places(frames: pl.DataFrame) -> NDArray[np.float64]:
    """Where the picture is in each of `frames` (tables.FRAMES): shape (rows, 2), px to the right and down.

    A window that moves to the right moves the picture to the left. What `warp` moved comes on top, but for whole pixels
    (``whole``), which the window has moved already.
    """
    x, y = (
        pl.col(f"paste_{axis}") - pl.col(f"window_{axis}") + pl.when(pl.col("warp").is_in(["fourier", "bilinear"]))
        .then(pl.col(f"shift_{axis}"))
        .otherwise(0.0)
        for axis in "xy"
    )  # fmt: skip
    return frames.select(x.alias("x").cast(pl.Float64), y.alias("y").cast(pl.Float64)).to_numpy()


def translations(frames: pl.DataFrame, protocol: str) -> NDArray[np.float64]:
    """How far the picture moved since its first frame: shape (frames, 2), px to the right and down, alike for all pictures.

    Parameters
    ----------
    frames : tables.FRAMES of one or more pictures, each one's rows in the order of its steps.
    protocol : its name, for errors.

    Raises ShiftscopeError where the frames of a picture are no translations of one another, or pictures move differently.
    """
    shifts: NDArray[np.float64] | None = None
    for (image_id,), rows in frames.group_by("image_id", maintain_order=True):
        for column, what in ALIKE.items():
            if rows[column].n_unique() > 1:
                raise ShiftscopeError(f"frames of protocol {protocol} differ in {what} ({image_id}); {ADVICE}")
        at = places(rows)
        shown = rows.with_columns(x=at[:, 0], y=at[:, 1]).group_by("x", "y").agg(pl.col("canvas_id").n_unique())
        if (shown["canvas_id"] > 1).any():
            raise ShiftscopeError(
                f"frames of protocol {protocol} differ in more than the place of the picture ({image_id}); {ADVICE}"
            )
        own = at - at[0]
        if shifts is None:
            shifts = own
        if own.shape != shifts.shape or (own != shifts).any():
            raise ShiftscopeError(
                f"protocol {protocol} moves one picture otherwise than the next ({image_id}), and layers are measured over "
                "the same shifts of all; give it 'offsets', and no 'draw'"
            )
    if shifts is None or not shifts.any():
        raise ShiftscopeError(f"protocol {protocol} has no frames in which a picture moves; {ADVICE}")
    return shifts
