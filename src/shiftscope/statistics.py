"""Intervals, paired tests, corrections and tests of uniformity: pure functions on arrays.

Frames of one image are not independent, so everything that concerns networks takes one row per image, numerator and
denominator of a ratio, and resamples images.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CELLS_AT_A_TIME = 10_000_000
"""Entries of a chunk of resampling weights: 80 MB."""
SMALLEST_P = 1e-9
"""Below this the normal tail of a permutation distribution says no more than "very small"."""
FEW = 10
"""Permutations at least as extreme below which their count says too little of a small p-value."""


class Differences(NamedTuple):
    """Differences of m ratios, a − b: each of shape (m,), nan where one of the ratios is 0 ÷ 0."""

    estimate: Floats
    low: Floats
    high: Floats
    p_value: Floats


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """numerator ÷ denominator, nan where the denominator is 0."""
    shape = np.broadcast(numerator, denominator).shape
    result = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def resampling_weights(n: int, n_resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `n` images is drawn in each bootstrap resample: chunks of shape (resamples, n), rows summing to n.

    The same arguments give the same weights, so that networks are resampled together.
    """
    rng = np.random.default_rng(seed)
    at_a_time = max(1, CELLS_AT_A_TIME // max(n, 1))
    for start in range(0, n_resamples, at_a_time):
        count = min(at_a_time, n_resamples - start)
        drawn = rng.integers(0, max(n, 1), (count, n)) + n * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def bootstrap_ratios(
    numerator: Floats, denominator: Floats, *, seed: int, level: float = 0.95, n_resamples: int = 2000
) -> tuple[Floats, Floats, Floats]:
    """Σ numerator ÷ Σ denominator over images, with a percentile bootstrap interval over images.

    Parameters
    ----------
    numerator, denominator : (n, m): n images, m ratios at once.
    level : confidence level, in (0, 1).

    Returns
    -------
    estimate, low, high : (m,) each; nan where the denominator is 0, and low and high also where fewer than two images
        count in it. Resamples whose denominator is 0 are left out.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13; images as the unit: Field &
    Welsh 2007 (JRSS B 69).
    """
    estimate = ratio(numerator.sum(0), denominator.sum(0))
    draws = np.concatenate(
        [ratio(w @ numerator, w @ denominator) for w in resampling_weights(len(numerator), n_resamples, seed)]
    )
    low, high = _percentiles(draws, level)
    single = _single(denominator)
    return estimate, np.where(single, np.nan, low), np.where(single, np.nan, high)


def paired_differences(
    a: tuple[Floats, Floats], b: tuple[Floats, Floats], *, seed: int, level: float = 0.95, n_resamples: int = 2000
) -> Differences:
    """Differences of m ratios between two networks on the same n images.

    The interval is a paired percentile bootstrap over images. The p-value is that of a paired permutation test, two-sided:
    under the null hypothesis the two networks could be exchanged on any image. p = (1 + k) ÷ (1 + n_resamples) for k
    permutations at least as far from 0; where k < 10 the normal distribution with the permutations' standard deviation
    takes over if it is smaller (down to 1e-9), since otherwise no p-value could survive correction over a large table.
    With equal denominators the true tail is at most 3.2 times the normal one (Bentkus & Dzindzalieta 2015, Bernoulli 21).

    The interval is nan where fewer than two images count in either denominator.

    Parameters
    ----------
    a, b : (numerator, denominator), each (n, m), rows of the same images.
    """
    from scipy.stats import norm

    (num_a, den_a), (num_b, den_b) = a, b
    m = num_a.shape[1]
    stacked = np.concatenate([num_a, den_a, num_b, den_b], axis=1)
    estimate = ratio(num_a.sum(0), den_a.sum(0)) - ratio(num_b.sum(0), den_b.sum(0))
    draws = np.concatenate([_difference(w @ stacked, m) for w in resampling_weights(len(num_a), n_resamples, seed)])
    single = _single(den_a) | _single(den_b)
    low, high = (np.where(single, np.nan, end) for end in _percentiles(draws, level))

    exchange = np.concatenate([num_b - num_a, den_b - den_a, num_a - num_b, den_a - den_b], axis=1)
    rng = np.random.default_rng([seed, 1])
    at_a_time = max(1, CELLS_AT_A_TIME // max(len(num_a), 1))
    permuted = []
    for start in range(0, n_resamples, at_a_time):
        swapped = rng.integers(0, 2, (min(at_a_time, n_resamples - start), len(num_a))).astype(np.float64)
        permuted.append(_difference(stacked.sum(0) + swapped @ exchange, m))
    null = np.concatenate(permuted)
    # Rounding must not make an exact tie a smaller distance. 0 ÷ 0 in a permutation counts as extreme.
    far = ~(np.abs(null) < np.abs(estimate) * (1 - 1e-9) - 1e-15)
    count = far.sum(0)
    p_value = (1 + count) / (1 + n_resamples)
    spread = np.sqrt(np.nanmean(np.where(np.isfinite(null), null, 0.0) ** 2, axis=0))
    tail = 2 * norm.sf(np.divide(np.abs(estimate), spread, out=np.zeros(m), where=spread > 0))
    tail = np.maximum(tail, SMALLEST_P)
    p_value = np.where((count < FEW) & (spread > 0), np.minimum(p_value, tail), p_value)
    return Differences(estimate, low, high, np.where(np.isnan(estimate), np.nan, p_value))


def _difference(sums: Floats, m: int) -> Floats:
    num_a, den_a, num_b, den_b = (sums[:, k * m : (k + 1) * m] for k in range(4))
    return ratio(num_a, den_a) - ratio(num_b, den_b)


def _single(denominator: Floats) -> NDArray[np.bool_]:
    """Which of the ratios have fewer than two images to resample."""
    return np.asarray((denominator != 0).sum(0) < 2)


def _percentiles(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """The central `level` of the draws (B, m), nan aside; nan for a column of nothing else."""
    result = np.full((2, draws.shape[1]), np.nan)
    known = ~np.isnan(draws).all(0)
    ends = [(1 - level) / 2, (1 + level) / 2]
    result[:, known] = np.nanquantile(draws[:, known], ends, axis=0)
    return result[0], result[1]


def holm(p: ArrayLike) -> Floats:
    """p-values adjusted by Holm's step-down method (1979): the k-th smallest of m is multiplied by m − k + 1, and none is
    smaller than the one before. nan stays nan and does not count."""
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors)) if len(order) else []
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """p-values adjusted to control the false discovery rate (Benjamini & Hochberg 1995). nan stays nan and does not
    count."""
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    if known.any():
        adjusted[known] = false_discovery_control(values[known])
    return adjusted


def wasserstein_uniform(values: ArrayLike) -> float:
    """∫₀¹ |Fₙ(x) − x| dx, the Wasserstein distance of a sample in [0, 1] to U(0, 1), exactly.

    0 where uniform, 0.25 where all values are 0.5, 0.5 where all are 0 or all are 1. Raises ValueError for no values.
    """
    sample = np.sort(np.asarray(values, dtype=np.float64))
    n = len(sample)
    if not n:
        raise ValueError("a distance to the uniform distribution needs values")
    # By quantiles: ∫ |Q(t) − t| dt, and Q is sample[k] for t in (k/n, (k + 1)/n).
    left, right = np.arange(n) / n, np.arange(1, n + 1) / n
    inside = np.clip(sample, left, right)
    return float(((inside - left) ** 2 + (right - inside) ** 2 + 2 * _outside(sample, left, right)).sum() / 2)


def _outside(sample: Floats, left: Floats, right: Floats) -> Floats:
    """∫ |x − t| dt over (left, right) beyond what the two squares around the clipped x give."""
    beyond = np.maximum(left - sample, 0) + np.maximum(sample - right, 0)
    return beyond * (right - left)
