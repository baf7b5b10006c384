"""Intervals of sums and differences of several ratios on the same pictures, such as the difference of two gains."""

import numpy as np

from shiftscope.statistics.ratios import Floats, ratio


def combination_interval(
    coefficients: Floats, estimate: Floats, low: Floats, high: Floats, influence: Floats
) -> tuple[float, float, float]:
    """Σ coefficient × estimate over k ratios on the same pictures, with the ends of its interval, from their own intervals.

    The distances of the estimates from their own ends are added like standard errors of correlated numbers (MOVER for
    linear functions: Zou, Huang & Zhang 2009, Computational Statistics & Data Analysis 53). For two ratios and the
    coefficients 1 and −1 it is `intervals.difference_intervals`: correlations are those of the pictures' influences, and
    at most 1 − 2 ÷ pictures.

    Parameters
    ----------
    coefficients, estimate, low, high : (k,).
    influence : (n, k), `Ratios.influence` of the k ratios on the same n pictures, all of which count.

    Returns the value and both ends. The ends are nan where an end of one of the ratios is.

    >>> influence = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]])  # not correlated
    >>> ends = np.array([0.47, 0.16]), np.array([0.53, 0.24])
    >>> found = combination_interval(np.array([1.0, -1.0]), np.array([0.5, 0.2]), *ends, influence)
    >>> [round(value, 3) for value in found]  # 0.3 − √(0.03² + 0.04²) and 0.3 + √(0.03² + 0.04²)
    [0.3, 0.25, 0.35]
    """
    spread = np.sqrt((influence**2).sum(0))
    correlation = np.nan_to_num(ratio(influence.T @ influence, np.outer(spread, spread)))
    correlation = np.minimum(correlation, 1 - 2 / max(2, len(influence)))
    np.fill_diagonal(correlation, 1)
    lower, upper = coefficients * (estimate - low), coefficients * (high - estimate)
    positive = coefficients > 0
    below, above = np.where(positive, lower, upper), np.where(positive, upper, lower)
    value = float(coefficients @ estimate)
    return value, value - _length(below, correlation), value + _length(above, correlation)


def _length(distances: Floats, correlation: Floats) -> float:
    """√(Σ distance × distance × correlation); nan where one of the distances is."""
    squared = float(distances @ correlation @ distances)
    return float(np.sqrt(max(squared, 0.0))) if np.isfinite(squared) else np.nan
