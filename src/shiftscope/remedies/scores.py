"""How well frames are placed: a score of each frame from its own pixels alone, so that it moves with the picture.

It is our own choice: the mean energy of the gradient of the grey levels, weighted by a Gaussian about the middle of the
frame.

    score = Σ_p w(p − middle) |∇I(p)|² ÷ Σ_p w(p − middle)

`I` is the luma in [0, 1], `∇` central differences, and `w` a Gaussian whose standard deviation is ⅛ of the frame's side. It
ends where the central differences would need pixels outside the frame, at just under 4 standard deviations. A frame with
a detailed object in its middle has a high score.

Luma (0 to 255) and weights (multiples of 2⁻¹⁰) are whole numbers, so that all sums are exact for frames of up to 800 px.
Two frames with the same pixels have the same score to the bit, whatever canvases they lie on and in whatever order it is
summed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.columns import Column, Table
from shiftscope.core.progress import progress
from shiftscope.data.canvases import read_canvases

DEVIATION = 1 / 8
"""The standard deviation of the weights, as a share of the frame's side."""
STRIP = 32
"""So many rows of a canvas are filtered at a time."""
WEIGHT_BITS = 10
"""The weights are multiples of 2 to the power −`WEIGHT_BITS`."""


class Scores(Table):
    """One row per frame: how well it is placed. The frame of the highest score is the one that the remedy `crop_selection`
    shows to the network."""

    files = ("<data set>/frames/<protocol>/<input size>/<shard>/scores.parquet",)
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    step = Column(pl.Int32)
    """The place of the frame in its sequence, as in `frames.parquet`."""
    score = Column(pl.Float64, "1/px²")
    """The mean squared gradient of the luma, which is from 0 to 1, weighted by a Gaussian about the middle of the frame."""


SCORES = Scores.schema()


def frame_scores(canvases_path: str | Path, frames_path: str | Path, size: int) -> pl.DataFrame:
    """The scores of all frames of a shard: columns of SCORES, in the order of the frames.

    `canvases_path` and `frames_path` are what `stages.frames` wrote for an input of `size` px. One picture at a time is in
    memory.
    """
    frames = tables.read(frames_path, tables.FRAMES)
    pictures = frames.group_by("image_id", maintain_order=True)
    scored = [
        _picture_scores(canvases, rows, size)
        for (_, rows), canvases in progress(
            zip(pictures, read_canvases(canvases_path), strict=True), frames["image_id"].n_unique(), "pictures"
        )
    ]
    scores = np.concatenate([np.empty(0), *scored])
    return frames.select("image_id", "step").with_columns(pl.Series("score", scores))


def _picture_scores(canvases: dict[str, NDArray[np.uint8]], frames: pl.DataFrame, size: int) -> NDArray[np.float64]:
    """The scores of a picture's frames, (frames,), in their order; the energy of each canvas is computed once."""
    places: dict[str, list[int]] = {}
    for place, canvas_id in enumerate(frames["canvas_id"]):
        places.setdefault(canvas_id, []).append(place)
    tops, lefts = frames["window_y"].to_numpy(), frames["window_x"].to_numpy()
    scores = np.empty(len(frames))
    for canvas_id, here in places.items():
        scores[here] = window_scores(canvases[canvas_id], tops[here], lefts[here], size)
    return scores


def window_scores(
    canvas: NDArray[np.uint8], tops: NDArray[np.int32], lefts: NDArray[np.int32], size: int
) -> NDArray[np.float64]:
    """The scores, (windows,), of windows of `size` × `size` px on a canvas, uint8 (height, width, 3).

    `tops` and `lefts`, (windows,), are the upper and left edges of the windows, px.

    >>> canvas = np.zeros((11, 12, 3), np.uint8)
    >>> canvas[5, 6] = 255  # one white pixel: |∇I|² is ¼ at each of its four neighbours
    >>> scores = window_scores(canvas, np.array([0, 0]), np.array([0, 1]), 11)
    >>> bool(scores[1] > scores[0] > 0)  # it is in the middle of the second window
    True
    """
    weights = _weights(size)
    luma = np.asarray(Image.fromarray(canvas).convert("L"))
    height, width = luma.shape
    rows, row_of = np.unique(tops, return_inverse=True)
    columns, column_of = np.unique(lefts, return_inverse=True)
    first = size // 2 - len(weights) // 2 - 1  # `_energy` begins at the canvas's second row and column
    # The filter is separable: first down, at the rows of the windows, then across, at their columns.
    down, across = _placed(weights, rows + first, height - 2), _placed(weights, columns + first, width - 2)
    # Strips fit into the cache, and their memory is not fetched from the system again for each canvas.
    strips = (slice(top, min(top + STRIP, height - 2)) for top in range(0, height - 2, STRIP))
    filtered = sum(down[:, strip] @ _energy(luma[strip.start : strip.stop + 2]) for strip in strips) @ across.T
    # `_energy` is |∇I|² in units of (1 ÷ (2 × 255))².
    return np.asarray(filtered[row_of, column_of] / (weights.sum() ** 2 * (2 * 255) ** 2))


def _energy(luma: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Squares of the differences right − left and below − above, summed: whole numbers, (height − 2, width − 2). The
    outermost pixels, which have none, lie on the border of any window that they are in."""
    grey = luma.astype(np.int32)
    across, down = grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]
    return np.asarray((across**2 + down**2).astype(np.float64))


def _placed(weights: NDArray[np.float64], places: NDArray[np.integer[Any]], length: int) -> NDArray[np.float64]:
    """The weights, beginning at each of the places of a line of zeros: (places, length)."""
    lines = np.zeros((len(places), length))
    lines[np.arange(len(places))[:, None], places[:, None] + np.arange(len(weights))] = weights
    return lines


def _weights(size: int) -> NDArray[np.float64]:
    """The weights along one axis, of 2r + 1 pixels about the pixel `size` // 2 of a frame, whole numbers. r is as large as
    leaves a pixel of the frame on either side."""
    reach = (size - 3) // 2
    gaussian = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * (DEVIATION * size) ** 2))
    return np.asarray(np.round(2**WEIGHT_BITS * gaussian))
