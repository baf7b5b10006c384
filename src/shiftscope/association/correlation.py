"""Whether categories that are framed more narrowly are those whose answers move more, or less."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from shiftscope.association import CORRELATION
from shiftscope.association.classes import MEASURES, per_class
from shiftscope.association.tightness import tightness
from shiftscope.bias.rectangles import ALL
from shiftscope.core import tables
from shiftscope.core.randomness import generator
from shiftscope.sensitivity.stored import read_sums
from shiftscope.sensitivity.sums import Cell
from shiftscope.statistics.corrections import benjamini_hochberg
from shiftscope.statistics.ratios import Floats

FEWEST = 3
"""Categories below which a rank correlation says nothing."""
RESAMPLES = 2000
PERMUTATIONS = 9999


def relation(
    sums: Mapping[Cell, str | Path],
    images: pl.DataFrame,
    bias: pl.DataFrame,
    *,
    seed: int,
    level: float = 0.95,
) -> pl.DataFrame:
    """Return whether networks move more on categories that are framed more tightly.

    Parameters
    ----------
    sums : files of `sensitivity.SUMS`, by protocol and network.
    images : a table `tables.IMAGES`, for the categories of the pictures.
    bias : a table `bias.BIAS` of the same pictures' boxes.
    seed, level : of the intervals and of the permutations.

    Returns
    -------
    A table CORRELATION, as `bias_against_sensitivity` makes it.
    """
    columns = [(measure, "all") for measure in MEASURES]
    # One network after the other: the pictures of all of them need not be in memory.
    of_classes = [per_class({cell: read_sums(path, columns)}, images) for cell, path in sums.items()]
    return bias_against_sensitivity(tightness(bias), pl.concat(of_classes), seed=seed, level=level)


def bias_against_sensitivity(
    per_class_effect: pl.DataFrame, per_class_sensitivity: pl.DataFrame, *, seed: int, level: float = 0.95
) -> pl.DataFrame:
    """Return Spearman's ρ of the effect of bias and the sensitivity over categories.

    There is one for each network, protocol and measure. Its interval is a percentile bootstrap over categories (2,000
    resamples; those without a correlation are left out). Its p-value is two-sided and that of 9,999 permutations of the
    categories: (1 + k) ÷ (1 + 9,999), where k permutations have a ρ at least as far from 0.

    Parameters
    ----------
    per_class_effect : the columns `category` and `effect`, one row per category; the category `ALL` is left out.
    per_class_sensitivity : the columns `category`, `network`, `protocol`, `measure`, `estimate` and `n_images`.
    level : of the interval, between 0 and 1.

    Returns
    -------
    A table CORRELATION. A category counts where both numbers are known. Where fewer than three count, or one number is the
    same in all of them, `reason` says so and there is no ρ.

    Examples
    --------
    >>> names = ["bird", "cat", "cow", "dog"]
    >>> effect = pl.DataFrame({"category": names, "effect": [0.05, 0.1, 0.15, 0.2]})
    >>> moves = pl.DataFrame({"category": names, "network": "net", "protocol": "crop", "measure": "top1_change",
    ...                       "estimate": [0.02, 0.01, 0.04, 0.08], "n_images": 50})
    >>> bias_against_sensitivity(effect, moves, seed=0).select(pl.col("rho").round(2), "n", "n_images").rows()
    [(0.8, 4, 200)]
    """
    effects = per_class_effect.filter(pl.col("category") != ALL).select("category", "effect")
    both = per_class_sensitivity.join(effects, on="category", how="inner", maintain_order="left")
    keys = ["network", "protocol", "measure"]
    of_rows = per_class_sensitivity.select(keys).unique(maintain_order=True).sort(keys)
    rows = []
    for key in of_rows.rows(named=True):
        mine = both.filter(*(pl.col(name) == value for name, value in key.items())).sort("category")
        mine = mine.filter(pl.col("effect").is_finite() & pl.col("estimate").is_finite())
        x, y = mine["effect"].to_numpy(), mine["estimate"].to_numpy()
        found = _correlated(x, y, generator(seed, *key.values()), level)
        rows.append({**key, **found, "n": len(mine), "n_images": int(mine["n_images"].sum())})
    table = tables.table(rows, CORRELATION)
    q = benjamini_hochberg(table["p_value"].to_numpy())
    return table.with_columns(pl.Series("q_value", q, dtype=pl.Float64, nan_to_null=True))


def _correlated(x: Floats, y: Floats, rng: np.random.Generator, level: float) -> dict[str, object]:
    """ρ, its interval and its p-value, or the reason why there are none."""
    n = len(x)
    if n < FEWEST:
        return {"reason": f"{n} categories, fewer than {FEWEST}"}
    for name, values in (("effect of bias", x), ("sensitivity", y)):
        if np.ptp(values) == 0:
            return {"reason": f"the {name} is the same in all {n} categories"}
    rho = float(spearman(x, y))
    draws = rng.integers(0, n, (RESAMPLES, n))
    resampled = spearman(x[draws], y[draws])
    resampled = resampled[~np.isnan(resampled)]
    permuted = spearman(np.broadcast_to(x, (PERMUTATIONS, n)), rng.permuted(np.broadcast_to(y, (PERMUTATIONS, n)), axis=1))
    extreme = int((np.abs(permuted) >= abs(rho) - 1e-12).sum())
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return {
        "rho": rho,
        "rho_low": float(low),
        "rho_high": float(high),
        "p_value": (1 + extreme) / (1 + PERMUTATIONS),
    }


def spearman(x: Floats, y: Floats) -> Floats:
    """Return Spearman's rank correlation of x and y over their last axis.

    Parameters
    ----------
    x, y : (…, n), or shapes that broadcast against each other; ties have their mean rank.

    Returns
    -------
    (…), between −1 and 1; nan where one side is constant.

    Examples
    --------
    >>> spearman(np.array([1.0, 2, 3]), np.array([[1.0, 10, 100], [3, 2, 1]])).tolist()
    [1.0, -1.0]
    """
    from scipy.stats import rankdata

    a, b = (rankdata(side, axis=-1) for side in (x, y))
    a, b = (side - side.mean(-1, keepdims=True) for side in (a, b))
    scale = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.asarray(np.divide((a * b).sum(-1), scale, out=np.full(np.shape(scale), np.nan), where=scale > 0))
