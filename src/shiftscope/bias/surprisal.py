"""Do pictures that are framed unlike the training set lose accuracy?"""

import numpy as np
import polars as pl

from shiftscope.bias.places import feasible
from shiftscope.core.randomness import generator
from shiftscope.statistics.ratios import Floats

CELLS = 8
"""Of each axis, and of the height."""


def surprisal(boxes: pl.DataFrame, reference: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """`image_id`, `surprisal`: how unlike the reference's a picture's framing is, in bits.

    Of each picture the largest box that is no crowd counts: −log₂ of the share of the reference's pictures whose largest
    box lies in the same of 8 × 8 cells of the places that its size leaves it, and has a height in the same of 8 cells, the
    two taken as independent; half a picture is added to every cell. Boxes as wide or high as the picture are in the middle.
    """
    names, place, height = _cells(boxes, seed)
    _, other_place, other_height = _cells(reference, seed)
    bits = sum(
        _bits(other, cells)[mine] for mine, other, cells in ((place, other_place, CELLS**2), (height, other_height, CELLS))
    )
    return pl.DataFrame({"image_id": names, "surprisal": np.asarray(bits, np.float64)})


def tightness(bias: pl.DataFrame) -> pl.DataFrame:
    """`category`, `effect`: how tightly a category is framed, from a table BIAS: the mean over both axes of the Wasserstein
    distance of its boxes' places, given their size, to uniform ones."""
    rows = bias.filter(pl.col("quantity").is_in(["centre_x", "centre_y"]), pl.col("null") == "feasible")
    known = rows.filter(pl.col("p_value").is_not_null())
    return known.group_by("category", maintain_order=True).agg(pl.col("effect").mean())


def _cells(boxes: pl.DataFrame, seed: int) -> tuple[pl.Series, Floats, Floats]:
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


def _cell(values: Floats) -> Floats:
    return np.clip((values * CELLS).astype(np.int64), 0, CELLS - 1)


def _bits(cell: Floats, cells: int) -> Floats:
    counts = np.bincount(cell, minlength=cells) + 0.5
    return np.asarray(-np.log2(counts / counts.sum()))
