"""How tightly each category is framed, as one number."""

import polars as pl


def tightness(bias: pl.DataFrame) -> pl.DataFrame:
    """Return how tightly each category is framed: the mean over both axes of the effect under the feasible null.

    Parameters
    ----------
    bias : a table `bias.BIAS`; its columns category, quantity, null, effect and p_value are read.

    Returns
    -------
    The columns `category` and `effect`, one row per category that was tested on an axis at least. The effect is the
    Wasserstein distance of the boxes' places, given their size, to uniform ones: 0 where all places are equally likely, .25
    where all boxes are in the middle, .5 where all are at one end.

    Examples
    --------
    >>> rows = [("dog", "centre_x", 0.2, 0.01), ("dog", "centre_y", 0.1, 0.5), ("cat", "centre_x", 0.3, None)]
    >>> bias = pl.DataFrame(rows, ["category", "quantity", "effect", "p_value"], orient="row")
    >>> [(name, round(effect, 2)) for name, effect in tightness(bias.with_columns(null=pl.lit("feasible"))).rows()]
    [('dog', 0.15)]
    """
    rows = bias.filter(pl.col("quantity").is_in(["centre_x", "centre_y"]), pl.col("null") == "feasible")
    known = rows.filter(pl.col("p_value").is_not_null())
    return known.group_by("category", maintain_order=True).agg(pl.col("effect").mean())
