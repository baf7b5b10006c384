"""Where boxes are and how large, per category, against two null hypotheses.

The *naive* null takes every centre and every size for equally likely: U(0, 1) of the picture. No large object can obey
it, however it was photographed. The *feasible* null takes every place where a box of its size fits for equally likely.
"""

from typing import NamedTuple

import polars as pl

from shiftscope.bias.rectangles import ALL, EDGE, grouped, kept
from shiftscope.bias.samples import Settings, statistics_of

__all__ = [
    "ALL",
    "DESCRIBED",
    "TESTS",
    "Verdict",
    "box_statistics",
    "centre_q",
    "verdict_sentence",
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
    crowd: bool = False,
    difficult: bool = True,
    truncated: bool = True,
    edge: bool = True,
) -> pl.DataFrame:
    """Tests, effect sizes and bits of `boxes` (tables.BOXES, or a scan of such a file): BIAS.

    One row for each category, and for all together, × quantity × null: `TESTS` and `DESCRIBED`. A size has the naive null
    only: what room its place leaves a box is asked of the place. Boxes that are a crowd, difficult, truncated or touch the
    edge are kept or not; without those at the edge, the places at the edge are none that a box could have had.

    The picture is the unit: where every picture has one box, `p_value` is exact (Kolmogorov–Smirnov), or by 9,999 Monte
    Carlo samples (`centre`, and the feasible null of boxes on whole pixels: `places`); else by 999 random signs, one per
    picture, of the deviations from the null at 31 places (`centre`: 8 × 8); intervals resample pictures. Of more than 256
    pictures, blocks of them. See `statistics.uniformity`. Where there are fewer than `minimum_n` boxes or pictures, or all
    boxes are as large as the picture, `reason` says why there is no p-value.
    """
    chosen = kept(boxes, crowd=crowd, difficult=difficult, truncated=truncated, edge=edge)
    groups = grouped(chosen, margin=0.0 if edge else EDGE)
    return statistics_of(groups, TESTS, DESCRIBED, Settings(seed, minimum_n, level))


JOINT = ("centre", "midpoint")
"""Quantities with two axes."""
SAID = {
    ("naive", "centre"): "{} of {} categories are not centred uniformly over the picture (naive null)",
    ("feasible", "centre"): "{} of {} not even given the size of their boxes (feasible null)",
    ("naive", "midpoint"): "{} of {} categories do not have their midpoints uniformly over the picture (naive null)",
    ("feasible", "midpoint"): "{} of {} not even given the distance of their points (feasible null)",
    ("naive", "height"): "{} of {} do not have uniform heights",
    ("naive", "width"): "{} of {} do not have uniform widths",
}


def verdicts(bias: pl.DataFrame, q: float = 0.05) -> list[Verdict]:
    """How many categories have q < `q`, for each quantity and null that was tested, `centre` meaning both axes."""
    own = bias.filter((pl.col("category") != ALL) & pl.col("p_value").is_not_null())
    centre = centre_q(own)
    found = []
    for null, quantity in SAID:
        tested = centre if quantity in JOINT else own
        tested = tested.filter(pl.col("quantity") == quantity, pl.col("null") == null)
        if len(tested):
            found.append(Verdict(quantity, null, int((tested["q_value"] < q).sum()), len(tested)))
    return found


def centre_q(bias: pl.DataFrame) -> pl.DataFrame:
    """`category`, `null`, `quantity`, `q_value` of both axes of the centre together: of the test of both at once; in a
    table without it the smaller one of the axes counts twice (Bonferroni)."""
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


def verdict_sentence(bias: pl.DataFrame, q: float = 0.05) -> str:
    """The verdicts as a sentence for the report, and what drives them."""
    parts = [SAID[v.null, v.quantity].format(v.rejected, v.tested) for v in verdicts(bias, q)]
    if not parts:
        return "No category has enough boxes to be tested."
    return f"{'; '.join(parts)} (q < {q:g}).{_driver(bias, q)}"


def _driver(bias: pl.DataFrame, q: float) -> str:
    """Which quantity is rejected most often, and which is farthest from uniform."""
    own = bias.filter((pl.col("category") != ALL) & pl.col("p_value").is_not_null() & pl.col("effect").is_not_null())
    by = own.group_by("quantity", "null", maintain_order=True).agg(
        (pl.col("q_value") < q).sum().alias("rejected"), pl.len().alias("tested"), pl.col("effect").median()
    )
    if not by["rejected"].sum():
        return ""
    often = by.sort("rejected", "effect", descending=True, maintain_order=True).row(0, named=True)
    far = by.sort("effect", descending=True, maintain_order=True).row(0, named=True)
    said = f" Rejected most often: {often['quantity']} ({often['null']}), {often['rejected']} of {often['tested']}"
    return f"{said}; farthest from uniform: {far['quantity']} ({far['null']}), median distance {far['effect']:.2f}."
