"""The table of remedies as choices: what each does to P(top-1 change) and to the accuracy, at which price."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.statistics.ratios import Floats

WHICH = ["network", "remedy", "setting", "protocol"]
"""What tells one choice from another."""
NUMBERS = ["without", "estimate", "ci_low", "ci_high", "difference", "difference_low", "difference_high"]


def choices(remedies: pl.DataFrame) -> pl.DataFrame:
    """One row per network × remedy × setting × protocol of `remedies` (REMEDIES), in their order: its columns for P(top-1
    change), and those of the accuracy (such as `accuracy_difference`), null where there are no labels.

    Only pairs and frames under the condition `all` count. Rows whose P(top-1 change) is not known are left out.

    >>> from shiftscope.remedies import REMEDIES
    >>> which = {"network": "net", "remedy": "average", "setting": 4, "protocol": "crop", "condition": "all"}
    >>> rows = [{**which, "measure": "top1_change", "estimate": 0.1}, {**which, "measure": "accuracy", "estimate": 0.7}]
    >>> choices(pl.DataFrame(rows, schema=REMEDIES)).select("setting", "estimate", "accuracy_estimate").rows()
    [(4, 0.1, 0.7)]
    """
    every = remedies.filter(condition="all")
    change = every.filter(pl.col("estimate").is_not_null(), measure="top1_change").drop("measure", "condition", "reason")
    accuracy = every.filter(measure="accuracy").select(*WHICH, pl.col(NUMBERS).name.prefix("accuracy_"))
    return change.join(accuracy, on=WHICH, how="left", nulls_equal=True, maintain_order="left")


def helping(chosen: pl.DataFrame) -> pl.DataFrame:
    """Those of `choices` that lower P(top-1 change) by so much that the interval of the difference excludes 0, and do not
    lower the accuracy by so much.

    >>> ends = {"difference_high": [-0.1, -0.1, -0.1, 0.1], "accuracy_difference_high": [0.01, -0.2, None, 0.0]}
    >>> helping(pl.DataFrame({"remedy": list("abcd"), **ends}))["remedy"].to_list()  # b costs accuracy, d helps not
    ['a', 'c']
    """
    costs_accuracy = (pl.col("accuracy_difference_high") < 0).fill_null(value=False)
    return chosen.filter(pl.col("difference_high") < 0, ~costs_accuracy)


def hurting(chosen: pl.DataFrame) -> pl.DataFrame:
    """Those of `choices` that raise P(top-1 change) or lower the accuracy by so much that the interval of the difference
    excludes 0."""
    worse = (pl.col("difference_low") > 0) | (pl.col("accuracy_difference_high") < 0)
    return chosen.filter(worse.fill_null(value=False))


def pareto(price: Floats, change: Floats) -> NDArray[np.bool_]:
    """Which of n points, given by price and P(top-1 change), (n,), have no other one that is both cheaper and steadier.

    >>> pareto(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.3, 0.1, 0.2, 0.1]))  # the third: the second is better in both
    array([ True,  True, False,  True])
    """
    better = (price[None] < price[:, None]) & (change[None] < change[:, None])
    return np.asarray(~better.any(1))
