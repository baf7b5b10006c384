"""Whether categories that are framed more narrowly are those whose answers move more, or less."""

import numpy as np
import polars as pl

from shiftscope.bias import CORRELATION
from shiftscope.bias.rectangles import ALL
from shiftscope.core import tables
from shiftscope.core.randomness import generator
from shiftscope.statistics.corrections import benjamini_hochberg
from shiftscope.statistics.ratios import Floats

FEWEST = 3
"""Categories below which a rank correlation says nothing."""
RESAMPLES = 2000
PERMUTATIONS = 9999


def bias_against_sensitivity(
    per_class_effect: pl.DataFrame, per_class_sensitivity: pl.DataFrame, *, seed: int, level: float = 0.95
) -> pl.DataFrame:
    """CORRELATION: Spearman's ρ over categories, for each network, protocol and measure.

    Parameters
    ----------
    per_class_effect : `category`, `effect`: one row per category; `ALL` is left out.
    per_class_sensitivity : `category`, `network`, `protocol`, `measure`, `estimate`, `n_images`.

    The interval is a percentile bootstrap over categories (2,000 resamples; those without a correlation left out), the
    p-value that of 9,999 permutations of the categories, (1 + k) ÷ (1 + 9,999), two-sided. A category counts where both
    numbers are known.
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
    """Rank correlation over the last axis, ties by their mean rank; nan where one side is constant."""
    from scipy.stats import rankdata

    a, b = (rankdata(side, axis=-1) for side in (x, y))
    a, b = (side - side.mean(-1, keepdims=True) for side in (a, b))
    scale = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.asarray(np.divide((a * b).sum(-1), scale, out=np.full(np.shape(scale), np.nan), where=scale > 0))
