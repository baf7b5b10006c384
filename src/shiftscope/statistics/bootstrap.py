"""Confidence intervals, by resampling pictures, of means that are no shares of events."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shiftscope.statistics.moments import Moments, moments
from shiftscope.statistics.ratios import Floats, Ratios, ratio

CELLS_AT_A_TIME = 10_000_000
"""Entries of a chunk of resampling weights, at most: 80 MB."""
KEPT_CELLS = 1_000_000
"""Entries of all resampling weights, at most, that are kept for the next call: 8 MB. A job asks for the same ones for every
layer and quantity, and to draw them takes longer than to use them."""
PICTURES_AT_A_TIME = 16_384
"""Pictures of a block: what is drawn is drawn for one block after the other, so that the others need not be in memory."""
FEWEST_PICTURES = 30
"""With fewer pictures, no interval of a mean is given. For values as skewed as changes of a probability it would cover the
truth too seldom, and nothing in so few values says how skewed they are."""


def blocks(n: int) -> list[slice]:
    """`n` pictures in blocks of `PICTURES_AT_A_TIME`, the last of which may be smaller; one block at least.

    >>> blocks(20_000)
    [slice(0, 16384, None), slice(16384, 20000, None)]
    """
    return [slice(start, min(n, start + PICTURES_AT_A_TIME)) for start in range(0, max(n, 1), PICTURES_AT_A_TIME)]


def generators(seed: int | list[int], n: int) -> Iterator[np.random.Generator]:
    """A random generator for each block of `n` pictures; that of the first is of the seed itself.

    >>> first, second = (int(rng.integers(100)) for rng in generators(0, 20_000))
    >>> first == int(np.random.default_rng(0).integers(100)), first == second
    (True, False)
    """
    first, *others = np.atleast_1d(seed).tolist()
    for k in range(len(blocks(n))):
        yield np.random.default_rng([first, *others, k] if k else seed)


def resampling_weights(n: int, n_resamples: int, seed: int) -> Iterator[Iterator[Floats]]:
    """How often each of `n` pictures is drawn in each bootstrap resample. Of one block of pictures after the other, chunks
    of (resamples, pictures of the block); all weights of a resample sum to n.

    How many of its n pictures a resample takes from each block is drawn first (a multinomial distribution), and then which.
    The same arguments give the same weights, so that networks are resampled together.

    >>> ((weights,),) = map(list, resampling_weights(3, 2, seed=0))
    >>> weights.shape, weights.sum(1).tolist()
    ((2, 3), [3.0, 3.0])
    """
    if n <= PICTURES_AT_A_TIME and n * n_resamples <= KEPT_CELLS:
        yield iter(_kept_weights(n, n_resamples, seed))
        return
    sizes = np.array([block.stop - block.start for block in blocks(n)])
    shares = np.random.default_rng([seed, 2]).multinomial(n, sizes / max(n, 1), n_resamples)
    for rng, size, drawn in zip(generators(seed, n), sizes.tolist(), shares.T.tolist(), strict=True):
        yield _weights(rng, size, drawn)


@lru_cache(maxsize=2)
def _kept_weights(n: int, n_resamples: int, seed: int) -> tuple[Floats, ...]:
    """The weights of a single block, of which each resample takes all of its pictures."""
    (rng,) = generators(seed, n)
    chunks = tuple(_weights(rng, n, [n] * n_resamples))
    for weights in chunks:
        weights.flags.writeable = False
    return chunks


def _weights(rng: np.random.Generator, size: int, drawn: list[int]) -> Iterator[Floats]:
    """Weights of a block of `size` pictures, from which as many as `drawn` are taken in each resample."""
    at_a_time = max(1, CELLS_AT_A_TIME // max(size, 1))
    for start in range(0, len(drawn), at_a_time):
        some = drawn[start : start + at_a_time]
        weights = np.empty((len(some), size))
        for row, number in zip(weights, some, strict=True):  # one resample at a time stays in the processor's cache
            row[:] = np.bincount(rng.integers(0, max(size, 1), number), minlength=size)
        yield weights


def under(factors: Iterable[Floats], values: Floats) -> Floats:
    """Sums of `values`, (n, k), over n pictures under factors, which come in chunks of (draws, n): (draws, k).

    >>> under([np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]])], np.array([[3.0], [4.0]])).tolist()
    [[3.0], [10.0]]
    """
    return np.concatenate([np.empty((0, values.shape[1])), *(some @ values for some in factors)])


def resampled(values: Floats, *, seed: int, n_resamples: int) -> Floats:
    """Sums of `values`, (n, k), over the pictures themselves and over each bootstrap resample of them: (1 + resamples, k).

    >>> sums = resampled(np.array([[1.0], [3.0]]), seed=0, n_resamples=100)  # of 1 and 3, and of two drawn from them
    >>> sums[0].tolist(), np.unique(sums).tolist()
    ([4.0], [2.0, 4.0, 6.0])
    """
    drawn = np.zeros((n_resamples, values.shape[1]))
    weights = resampling_weights(len(values), n_resamples, seed)
    for block, some in zip(blocks(len(values)), weights, strict=True):
        drawn += under(some, values[block])
    return np.concatenate([values.sum(0)[None], drawn])


def resampled_means(ratios: Ratios, *, seed: int, n_resamples: int) -> Moments:
    """The moments of m means on the pictures themselves and on each bootstrap resample of them: each (1 + resamples, m).

    >>> picture = Ratios(np.array([[3.0]]), np.ones((1, 1)), np.array([np.nan]), np.ones(1))
    >>> resampled_means(picture, seed=0, n_resamples=2).squares.tolist()  # of one picture all resamples are alike
    [[9.0], [9.0], [9.0]]
    """
    of_pictures = np.concatenate(moments(ratios.numerator, ratios.denominator), axis=1)
    return Moments(*np.split(resampled(of_pictures, seed=seed, n_resamples=n_resamples), 5, axis=1))


def mean_intervals(
    resamples: Moments, counted: NDArray[np.int64], nonnegative: NDArray[np.bool_], level: float
) -> tuple[Floats, Floats]:
    """Intervals of Σ numerator ÷ Σ denominator by the studentized bootstrap over pictures: (low, high), each (m,).

    Every resample's distance from the estimate is divided by its own standard error, which makes the interval as skewed as
    the values are (the bootstrap-t of Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 12.5; standard
    errors by `Ratios.influence`). Means of values that are not negative have no negative ends.

    nan for fewer than `FEWEST_PICTURES` pictures that count, where all pictures have the same value, and where so few
    differ that many resamples hold none of them.

    Parameters
    ----------
    resamples : `resampled_means`, each (1 + resamples, m): those of the pictures themselves come first.
    counted : (m,), how many pictures count.
    nonnegative : (m,), whether no picture's numerator is negative.
    level : confidence level, in (0, 1).

    >>> ratios = Ratios(np.repeat([[0.0], [1.0]], 50, axis=0), np.ones((100, 1)), np.array([np.nan]), np.ones(1))
    >>> resamples = resampled_means(ratios, seed=0, n_resamples=2000)
    >>> low, high = mean_intervals(resamples, ratios.counted, np.array([True]), 0.95)  # ½ ± 1.96 √(½ × ½ ÷ 100)
    >>> low.round(1), high.round(1)
    (array([0.4]), array([0.6]))
    """
    low, high = np.full((2, len(counted)), np.nan)
    asked = np.flatnonzero(counted >= FEWEST_PICTURES)
    if not len(asked):
        return low, high
    chosen = Moments(*(part[:, asked] for part in resamples))
    estimates, errors = chosen.estimate, chosen.error
    estimate, error = estimates[0], errors[0]
    distances = ratio(estimates[1:] - estimate, errors[1:])
    few = np.isnan(distances).mean(0) > (1 - level) / 4
    possible = (error > 1e-12 * np.abs(estimate)) & ~few
    if not possible.any():
        return low, high
    estimate, error, asked = estimate[possible], error[possible], asked[possible]
    ends = np.nanquantile(distances[:, possible], [(1 - level) / 2, (1 + level) / 2], axis=0)
    below, above = estimate - ends[::-1] * error
    floor = np.where(nonnegative[asked], 0.0, -np.inf)
    low[asked] = np.minimum(np.maximum(below, floor), estimate)
    high[asked] = np.maximum(above, estimate)
    return low, high
