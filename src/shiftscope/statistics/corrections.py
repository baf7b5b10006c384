"""p-values of a whole table, adjusted for its size."""

import numpy as np
from numpy.typing import ArrayLike

from shiftscope.statistics.ratios import Floats


def holm(p: ArrayLike) -> Floats:
    """p-values adjusted by Holm's step-down method (1979): the k-th smallest of m is multiplied by m − k + 1, and none is
    smaller than the one before. nan stays nan and does not count.

    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors)) if len(order) else []
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """p-values adjusted to control the false discovery rate (Benjamini & Hochberg 1995). nan stays nan and does not
    count.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    array([0.03, 0.04, 0.04])
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    if known.any():
        adjusted[known] = false_discovery_control(values[known])
    return adjusted
