"""What the tests of framing found, in a sentence."""

import polars as pl

from shiftscope.bias.boxes import verdicts
from shiftscope.bias.rectangles import ALL

SAID = {
    ("centre", "naive"): "{} of {} categories are not centred uniformly over the picture (naive null)",
    ("centre", "feasible"): "{} of {} not even given the size of their boxes (feasible null)",
    ("midpoint", "naive"): "{} of {} categories do not have their midpoints uniformly over the picture (naive null)",
    ("midpoint", "feasible"): "{} of {} not even given the distance of their points (feasible null)",
    ("height", "naive"): "{} of {} do not have uniform heights",
    ("width", "naive"): "{} of {} do not have uniform widths",
}
"""By quantity and null, as `bias.boxes.COUNTED` lists them."""


def verdict_sentence(bias: pl.DataFrame, q: float = 0.05) -> str:
    """Return what the tests found, and which quantity they reject most often.

    Parameters
    ----------
    bias : a table `bias.BIAS`.
    q : categories with a `q_value` below it count as rejected.

    Returns
    -------
    One sentence or two in plain text.

    Examples
    --------
    >>> rows = [("dog", "centre", "naive", 0.001, 0.002), ("cat", "centre", "naive", 0.4, 0.4)]
    >>> bias = pl.DataFrame(rows, ["category", "quantity", "null", "p_value", "q_value"], orient="row")
    >>> verdict_sentence(bias.with_columns(effect=pl.lit(None, pl.Float64)))
    '1 of 2 categories are not centred uniformly over the picture (naive null) (q < 0.05).'
    >>> verdict_sentence(bias.clear().with_columns(effect=pl.lit(None, pl.Float64)))
    'No category has enough boxes to be tested.'
    """
    parts = [SAID[v.quantity, v.null].format(v.rejected, v.tested) for v in verdicts(bias, q)]
    if not parts:
        return "No category has enough boxes to be tested."
    return f"{'; '.join(parts)} (q < {q:g}).{_driver(bias, q)}"


def _driver(bias: pl.DataFrame, q: float) -> str:
    """Which quantity is rejected most often, and which is farthest from uniform; empty where none is rejected."""
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
