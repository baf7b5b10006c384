"""Confidence intervals, by resampling pictures, of means that are no shares of events."""

from collections.abc import Iterator

import numpy as np

from shiftscope.statistics.ratios import Floats, Ratios, ratio

CELLS_AT_A_TIME = 10_000_000
"""Entries of a chunk of resampling weights, at most: 80 MB."""
FEWEST_PICTURES = 30
"""With fewer pictures, no interval of a mean is given. For values as skewed as changes of a probability it would cover the
truth too seldom, and nothing in so few values says how skewed they are."""


def resampling_weights(n: int, n_resamples: int, seed: int) -> Iterator[Floats]:
    """How often each of `n` pictures is drawn in each bootstrap resample: chunks of (resamples, n), whose rows sum to n.

    The same arguments give the same weights, so that networks are resampled together.

    >>> (weights,) = resampling_weights(3, 2, seed=0)
    >>> weights.shape, weights.sum(1).tolist()
    ((2, 3), [3.0, 3.0])
    """
    rng = np.random.default_rng(seed)
    at_a_time = max(1, CELLS_AT_A_TIME // max(n, 1))
    for start in range(0, n_resamples, at_a_time):
        count = min(at_a_time, n_resamples - start)
        drawn = rng.integers(0, max(n, 1), (count, n)) + n * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def mean_intervals(ratios: Ratios, level: float, *, seed: int, n_resamples: int) -> tuple[Floats, Floats]:
    """Intervals of Σ numerator ÷ Σ denominator by the studentized bootstrap over pictures: (low, high), each (m,).

    Every resample's distance from the estimate is divided by its own standard error, which makes the interval as skewed as
    the values are (the bootstrap-t of Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 12.5; standard
    errors by `Ratios.influence`). Means of values that are not negative have no negative ends.

    nan for fewer than `FEWEST_PICTURES` pictures that count, where all pictures have the same value, and where so few
    differ that many resamples hold none of them.

    Parameters
    ----------
    ratios : n pictures, m measures.
    level : confidence level, in (0, 1).
    seed, n_resamples : of the bootstrap.

    >>> ratios = Ratios(np.repeat([[0.0], [1.0]], 50, axis=0), np.ones((100, 1)), np.array([np.nan]), np.ones(1))
    >>> low, high = mean_intervals(ratios, 0.95, seed=0, n_resamples=2000)  # ½ ± 1.96 √(½ × ½ ÷ 100)
    >>> low.round(1), high.round(1)
    (array([0.4]), array([0.6]))
    """
    low, high = np.full((2, ratios.numerator.shape[1]), np.nan)
    asked = np.flatnonzero(ratios.counted >= FEWEST_PICTURES)
    if not len(asked):
        return low, high
    num, den = ratios.numerator[:, asked], ratios.denominator[:, asked]
    parts = [num, den, num**2, num * den, den**2]
    estimate, error = ratios.estimate[asked], _error(*(part.sum(0) for part in parts))
    stacked = np.concatenate(parts, axis=1)
    drawn = []
    for weights in resampling_weights(len(num), n_resamples, seed):
        sums = np.split(weights @ stacked, 5, axis=1)
        drawn.append(ratio(ratio(sums[0], sums[1]) - estimate, _error(*sums)))
    distances = np.concatenate(drawn)
    few = np.isnan(distances).mean(0) > (1 - level) / 4
    possible = (error > 1e-12 * np.abs(estimate)) & ~few
    if not possible.any():
        return low, high
    ends = np.nanquantile(distances[:, possible], [(1 - level) / 2, (1 + level) / 2], axis=0)
    chosen = asked[possible]
    low[chosen], high[chosen] = estimate[possible] - ends[::-1] * error[possible]
    floor = np.where((num >= 0).all(0), 0.0, -np.inf)[possible]
    low[chosen] = np.minimum(np.maximum(low[chosen], floor), estimate[possible])
    high[chosen] = np.maximum(high[chosen], estimate[possible])
    return low, high


def _error(num: Floats, den: Floats, num_num: Floats, num_den: Floats, den_den: Floats) -> Floats:
    """Standard error of num ÷ den from sums over pictures of the products of numerator and denominator."""
    estimate = ratio(num, den)
    squares = num_num - 2 * estimate * num_den + estimate**2 * den_den
    # Of equal values rounding leaves a little, of either sign.
    squares = np.where(squares > 1e-12 * num_num, squares, 0)
    return ratio(np.sqrt(squares), den)
