"""Do pictures that are framed unlike the training set lose accuracy?"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from shiftscope import tables
from shiftscope.bias import UNLIKE
from shiftscope.bias.places import feasible
from shiftscope.randomness import generator
from shiftscope.sensitivity.summary import Cell, Sums
from shiftscope.statistics.intervals import intervals
from shiftscope.statistics.ratios import Floats

CELLS = 8
"""Of each axis, and of the height."""
QUARTERS = 4


def surprise(boxes: pl.DataFrame, reference: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """`image_id`, `surprise`: how unlike the reference's a picture's framing is, in bits.

    Of each picture the largest box that is no crowd counts: −log₂ of the share of the reference's pictures whose largest
    box lies in the same of 8 × 8 cells of the places that its size leaves it, and has a height in the same of 8 cells, the
    two taken as independent; half a picture is added to every cell. Boxes as wide or high as the picture are in the middle.
    """
    names, place, height = _cells(boxes, seed)
    _, other_place, other_height = _cells(reference, seed)
    bits = sum(
        _bits(other, cells)[mine] for mine, other, cells in ((place, other_place, CELLS**2), (height, other_height, CELLS))
    )
    return pl.DataFrame({"image_id": names, "surprise": np.asarray(bits, np.float64)})


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


def accuracy_by_surprise(
    surprises: Mapping[str, pl.DataFrame],
    cells: Mapping[Cell, Sums],
    *,
    seed: int,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> pl.DataFrame:
    """UNLIKE: accuracy of every network and protocol in each quarter of the pictures, from the least to the most unlike.

    Parameters
    ----------
    surprises : the other data set's name: what `surprise` says of the pictures with respect to it.
    """
    rows: list[dict[str, object]] = []
    for other, table in surprises.items():
        known = dict(table.select("image_id", "surprise").iter_rows())
        for (protocol, network), sums in cells.items():
            column = ("accuracy", "all")
            images = [image_id for image_id in sums.image_ids if image_id in known]
            if column not in sums.columns or len(images) < QUARTERS:
                continue
            images.sort(key=lambda image_id: (known[image_id], image_id))
            for number, part in enumerate(np.array_split(np.array(images, object), QUARTERS), start=1):
                found = intervals(sums.of(list(part), [column]), seed=seed, level=level, n_resamples=n_resamples)
                rows.append(
                    {
                        "other": other,
                        "network": network,
                        "protocol": protocol,
                        "quarter": number,
                        "surprise": float(np.mean([known[image_id] for image_id in part])),
                        "accuracy": float(found.estimate[0]),
                        "ci_low": float(found.low[0]),
                        "ci_high": float(found.high[0]),
                        "n_images": len(part),
                    }
                )
    return tables.table(rows, UNLIKE).fill_nan(None)
