"""Where boxes are and how large, per category, against two null hypotheses.

The *naive* null takes every centre and every size for equally likely: U(0, 1) of the picture. No large object can obey
it, however it was photographed. The *feasible* null takes every place where a box of its size fits for equally likely.
"""

from typing import NamedTuple

import polars as pl

from shiftscope.bias.rectangles import ALL, grouped
from shiftscope.bias.samples import Asked, Settings, statistics_of
from shiftscope.bias.selection import USUAL, Inclusion, kept

__all__ = [
    "ALL",
    "COUNTED",
    "DESCRIBED",
    "TESTS",
    "Verdict",
    "box_statistics",
    "brief_statistics",
    "centre_q",
    "verdicts",
]

TESTS = (
    ("centre_x", "naive"),
    ("centre_x", "feasible"),
    ("centre_y", "naive"),
    ("centre_y", "feasible"),
    ("centre", "naive"),
    ("centre", "feasible"),
    ("height", "naive"),
    ("width", "naive"),
)
DESCRIBED = (("area", "none"), ("aspect", "none"))
"""No photographer could make these uniform: the area is a product of two sides, the aspect has no upper end."""


class Verdict(NamedTuple):
    """How many categories are not uniform, for one quantity and null."""

    quantity: str
    null: str
    rejected: int
    tested: int


def box_statistics(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    seed: int,
    minimum_n: int = 20,
    level: float = 0.95,
    inclusion: Inclusion = USUAL,
) -> pl.DataFrame:
    """Return tests, effect sizes and bits of how boxes are placed, and how large they are.

    The picture is the unit. Where every picture has one box, `p_value` is exact (Kolmogorov–Smirnov), or that of 9,999
    Monte Carlo samples (`centre`, and the feasible null of boxes on whole pixels: `places`). Elsewhere it is that of 999
    random signs, one per picture, of the deviations from the null at 31 places (`centre`: 8 × 8). Intervals resample
    pictures. Where there are more than 256 pictures, blocks of them are the unit. See `statistics.uniformity`.

    Parameters
    ----------
    boxes : a table `tables.BOXES`, or a scan of such a file; corners in pixels.
    seed : of the random signs, the resampled pictures and the blocks.
    minimum_n : a category with fewer boxes, or fewer pictures that have one, is described and not tested.
    level : of the intervals, between 0 and 1.
    inclusion : which boxes count. Without those at the edge, the places at the edge are none that a box could have had.

    Returns
    -------
    A table `bias.BIAS`: one row for each category, and for all together (`ALL`), and each of `TESTS` and `DESCRIBED`. A
    size has the naive null only, because what room its size leaves a box is asked of the place. Where there is no p-value,
    `reason` says why.

    Examples
    --------
    Thirty boxes of one pixel in thirty pictures, all in the middle, whose effect is a quarter:

    >>> of = {"image_id": [str(k) for k in range(30)], "category": ["dog"] * 30}
    >>> corners = {"x_min": [49.5] * 30, "y_min": [49.5] * 30, "x_max": [50.5] * 30, "y_max": [50.5] * 30}
    >>> boxes = pl.DataFrame({**of, **corners}).with_columns(image_width=pl.lit(100), image_height=pl.lit(100))
    >>> found = box_statistics(boxes, seed=0).filter(category="dog", quantity="centre_x", null="feasible")
    >>> found.select("statistic", pl.col("effect").round(2), pl.col("p_value") < 1e-6).rows()
    [(0.5, 0.25, True)]
    """
    groups = grouped(kept(boxes, inclusion), margin=inclusion.margin)
    return statistics_of(groups, TESTS, DESCRIBED, Settings(seed, minimum_n, level))


def brief_statistics(
    boxes: pl.DataFrame | pl.LazyFrame, *, seed: int, minimum_n: int, level: float, inclusion: Inclusion
) -> pl.DataFrame:
    """Return of the numbers of `box_statistics` those that `inclusion` compares, in a fraction of the time.

    Parameters
    ----------
    boxes, seed, minimum_n, level, inclusion : as in `box_statistics`.

    Returns
    -------
    A table `bias.BIAS` with a row for each category and each of `TESTS`. All rows have `n`, `n_images` and `reason`. Those
    of one category have `p_value`, `q_value` and `p_holm`; where each of its pictures has one box, `statistic` and
    `p_value_boxes`, too. Those of all together (`ALL`) have `effect` and `bits` with their intervals, `mean` and `sd`.
    Everything else is null.

    Examples
    --------
    >>> of = {"image_id": [str(k) for k in range(30)], "category": ["dog"] * 30}
    >>> corners = {"x_min": [49.5] * 30, "y_min": [49.5] * 30, "x_max": [50.5] * 30, "y_max": [50.5] * 30}
    >>> boxes = pl.DataFrame({**of, **corners}).with_columns(image_width=pl.lit(100), image_height=pl.lit(100))
    >>> found = brief_statistics(boxes, seed=0, minimum_n=20, level=0.95, inclusion=USUAL)
    >>> found = found.filter(quantity="centre_x", null="feasible")
    >>> found.select("category", pl.col("effect").round(2), pl.col("p_value") < 1e-6).rows()
    [('(all)', 0.25, None), ('dog', None, True)]
    """
    groups = grouped(kept(boxes, inclusion), margin=inclusion.margin)
    together, each = Asked(p_value=False, boxes=False), Asked(estimates=False, boxes=False)
    return statistics_of(groups, TESTS, (), Settings(seed, minimum_n, level), together=together, each=each)


JOINT = ("centre", "midpoint")
"""Quantities with two axes."""
COUNTED = (
    ("centre", "naive"),
    ("centre", "feasible"),
    ("midpoint", "naive"),
    ("midpoint", "feasible"),
    ("height", "naive"),
    ("width", "naive"),
)
"""Quantity and null of the verdicts, in their order."""


def verdicts(bias: pl.DataFrame, q: float = 0.05) -> list[Verdict]:
    """Return how many categories are not uniform, for each of `COUNTED` that was tested.

    Parameters
    ----------
    bias : a table `bias.BIAS`.
    q : categories with a `q_value` below it are rejected. That of `centre` and `midpoint` is of both axes (`centre_q`).
    """
    own = bias.filter((pl.col("category") != ALL) & pl.col("p_value").is_not_null())
    centre = centre_q(own)
    found = []
    for quantity, null in COUNTED:
        tested = centre if quantity in JOINT else own
        tested = tested.filter(pl.col("quantity") == quantity, pl.col("null") == null)
        if len(tested):
            found.append(Verdict(quantity, null, int((tested["q_value"] < q).sum()), len(tested)))
    return found


def centre_q(bias: pl.DataFrame) -> pl.DataFrame:
    """Return the q-value of both axes of the centre, or of the midpoint, together.

    It is that of the test of both axes at once. Where that test is missing, it is the smaller q-value of the axes that were
    tested, times their number (Bonferroni).

    Returns
    -------
    The columns `category`, `null`, `quantity` (centre or midpoint) and `q_value`.

    Examples
    --------
    >>> rows = [("dog", "naive", "centre_x", 0.01), ("dog", "naive", "centre_y", 0.3)]
    >>> centre_q(pl.DataFrame(rows, ["category", "null", "quantity", "q_value"], orient="row")).rows()
    [('dog', 'naive', 'centre', 0.02)]
    """
    tested = bias.filter(pl.col("q_value").is_not_null()).select(
        "category",
        "null",
        pl.col("quantity").str.replace("_[xy]$", ""),
        pl.col("quantity").is_in(JOINT).alias("joint"),
        "q_value",
    )
    joint = pl.col("q_value").filter("joint").first()
    axes = (pl.col("q_value").min() * pl.len()).clip(0, 1)
    grouped = tested.filter(pl.col("quantity").is_in(JOINT)).group_by("category", "null", "quantity", maintain_order=True)
    return grouped.agg(pl.when(pl.col("joint").any()).then(joint).otherwise(axes).alias("q_value"))
