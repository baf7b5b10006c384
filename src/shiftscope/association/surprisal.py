"""How surprising the framing of a picture is to somebody who knows how another data set is framed."""

import numpy as np
import polars as pl

from shiftscope.bias.places import feasible
from shiftscope.core.randomness import generator
from shiftscope.statistics.binned import Ints
from shiftscope.statistics.ratios import Floats

CELLS = 8
"""Equal cells of each axis, and of the height."""


def surprisal(boxes: pl.DataFrame, reference: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Return how unlike the reference's framing that of each picture is, in bits.

    Of each picture the largest box that is no crowd counts. Its surprisal is −log₂ of the share of the reference's
    pictures whose largest box lies in the same of 8 × 8 cells of the places that its size leaves it, plus −log₂ of the
    share of those whose largest box has a height in the same of 8 cells: place and height are taken as independent. Half a
    picture is added to every cell, so that no surprisal is infinite. A box as wide or as high as its picture counts as in
    the middle.

    Parameters
    ----------
    boxes, reference : tables `tables.BOXES`, corners in pixels.
    seed : decides where within its place a box on whole pixels lies.

    Returns
    -------
    The columns `image_id` and `surprisal` (bits, above 0), one row per picture with a box that is no crowd, by image_id.

    Examples
    --------
    Both pictures of the reference have their box in the same place, so they are less surprising than a box in the corner:

    >>> def of(*corners):
    ...     rows = [{"image_id": str(k), "x_min": x, "y_min": x, "x_max": x + 20, "y_max": x + 20, "image_width": 100,
    ...              "image_height": 100, "is_crowd": False} for k, x in enumerate(corners)]
    ...     return pl.DataFrame(rows)
    >>> found = surprisal(of(45.5, 0.5), of(45.5, 45.5), seed=0)
    >>> [(name, round(bits, 2)) for name, bits in found.rows()]
    [('0', 5.03), ('1', 7.35)]
    """
    image_ids, place, height = _cells(boxes, seed)
    _, other_place, other_height = _cells(reference, seed)
    bits = _bits(other_place, CELLS**2)[place] + _bits(other_height, CELLS)[height]
    return pl.DataFrame({"image_id": image_ids, "surprisal": bits})


def _cells(boxes: pl.DataFrame, seed: int) -> tuple[pl.Series, Ints, Ints]:
    """The pictures in order, and the cells of place and of height of the largest box of each."""
    area = (pl.col("x_max") - pl.col("x_min")) * (pl.col("y_max") - pl.col("y_min"))
    largest = (
        boxes.filter(~pl.col("is_crowd").fill_null(value=False))
        .sort(area, descending=True, maintain_order=True)
        .unique("image_id", keep="first", maintain_order=True)
        .sort("image_id")
    )
    rng = generator(seed, "cells of frames")
    along = []
    for axis, side in (("x", "image_width"), ("y", "image_height")):
        low, high, extent = (largest[name].to_numpy().astype(np.float64) for name in (f"{axis}_min", f"{axis}_max", side))
        place = feasible(low, high, extent)
        drawn = place.start + rng.uniform(size=len(low)) * (place.end - place.start)
        along.append(_cell(np.nan_to_num(drawn, nan=0.5)))
    height = (largest["y_max"] - largest["y_min"]).to_numpy() / largest["image_height"].to_numpy()
    return largest["image_id"], along[0] * CELLS + along[1], _cell(height)


def _cell(values: Floats) -> Ints:
    """In which of the cells of [0, 1] each value lies; what is outside lies in the nearest one."""
    return np.clip((values * CELLS).astype(np.int64), 0, CELLS - 1)


def _bits(cell: Ints, cells: int) -> Floats:
    """−log₂ of the share of each cell, (cells,)."""
    counts = np.bincount(cell, minlength=cells) + 0.5
    return np.asarray(-np.log2(counts / counts.sum()))
