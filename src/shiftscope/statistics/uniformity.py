"""Tests of uniformity and information about a position, with the picture as the unit: pure functions on arrays.

Boxes of one picture are not independent. What is known of a sample here is `counts`, (units, cells), see `binned`. One
random factor per unit then gives the null distribution (a random sign) or the sampling distribution (a random weight).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftscope.core.randomness import generator
from shiftscope.statistics.binned import BLOCKS, SIDE, Ints, filled, plane
from shiftscope.statistics.kolmogorov import two_sided_p
from shiftscope.statistics.ratios import Floats

Single = NDArray[np.float32]
Function = Callable[[NDArray[np.floating]], NDArray[np.floating]]

PER_CELL = 2.5
"""Units per cell that an entropy needs. With fewer, what its correction leaves of the bias is as large as a weak habit."""
DRAWS = 999
"""Random signs: the smallest share of them is .001, below which a tail is fitted."""
RESAMPLES = 500
"""Random weights."""
ROWS = {DRAWS: 9, RESAMPLES: 10}
"""Draws that are multiplied at a time."""
NULL_DRAWS = 9999
"""Samples of uniform points that the test of a pair of coordinates is compared with."""
FEW = 10
"""Draws at least as extreme below which a tail is fitted."""
EXACT = 1000
"""Values up to which a Kolmogorov–Smirnov p-value is exact."""
LADDER = (20, 25, 30, 40, 50, 70, 100, 150, 250, 500, 1000, 3000)
"""Sample sizes of the null distribution of a pair of coordinates; a sample is compared with the next smaller one."""


class Multipliers(NamedTuple):
    """One random factor per draw and unit, shared by all samples of a run. Sharing makes the Monte Carlo errors of the
    samples go together; each by itself stays as it was."""

    signs: Single
    """(DRAWS, 2 × BLOCKS): −1 or 1."""
    weights: Single
    """(RESAMPLES, 2 × BLOCKS): exponential with mean 1. The second half of the units is for a second sample."""


class Spread(NamedTuple):
    """An estimate with its interval. The ends are None for fewer than two units, and all three for too small a sample."""

    estimate: float | None
    low: float | None
    high: float | None


@lru_cache(maxsize=4)
def multipliers(seed: int) -> Multipliers:
    """The random factors of a run.

    >>> [part.shape for part in multipliers(0)]
    [(999, 512), (500, 512)]
    """
    rng = generator(seed, "one factor per picture")
    signs = 2 * rng.integers(0, 2, (DRAWS, 2 * BLOCKS), dtype=np.int8) - 1
    return Multipliers(signs.astype(np.float32), rng.standard_exponential((RESAMPLES, 2 * BLOCKS), dtype=np.float32))


def sign_flip_p(counts: Floats, signs: Single, deviations: Function, largest: Function | None = None) -> float:
    """p-value of max |Σ deviations| when each unit's deviations from the null keep or change their sign together.

    Under the null the deviations of a picture have mean 0, whatever goes on between its boxes: this is the multiplier
    bootstrap of the empirical process (Kosorok 2003, J. Multivariate Anal. 84), centred at the null, with one Rademacher
    multiplier for a whole picture as in the wild cluster bootstrap (Cameron, Gelbach & Miller 2008, Rev. Econ. Stat. 90).

    Parameters
    ----------
    counts : (units, cells).
    signs : of `multipliers`.
    deviations : a linear function of counts, such as `binned.line` or `binned.plane`.
    largest : max |deviations| of each of n samples, (n, cells) to (n,), by a shorter way, such as `binned.largest_on_line`.

    >>> from shiftscope.statistics.binned import line
    >>> counts = np.tile([1.0, 0.0], (4, 1))  # four pictures, all in the left half: all signs agree in 2 of 16 cases
    >>> round(sign_flip_p(counts, multipliers(0).signs, line), 1)
    0.1
    """
    observed = float(np.abs(deviations(counts.sum(0))).max())
    flipped = product(signs, counts)
    drawn = np.abs(deviations(flipped)).max(-1) if largest is None else largest(flipped)
    variance = float((deviations(counts) ** 2).sum(0).max())
    return tail_p(observed, drawn, variance)


def product(factors: Single, counts: Floats) -> Single:
    """Return factors (draws, units or more) × counts (units, K): (draws, K), the sums of counts that each draw makes.

    `ROWS` draws are multiplied at a time: numpy would share larger products among threads, which takes longer for products
    of this size, and several times as long where other processes work, too.

    >>> signs = multipliers(0).signs
    >>> signs[0, :2].tolist(), product(signs, np.array([[2.0, 0.0], [1.0, 3.0]]))[0].tolist()
    ([1.0, -1.0], [1.0, -3.0])
    """
    few = factors[:, : len(counts)].reshape(-1, ROWS[len(factors)], len(counts))
    return np.asarray((few @ counts.astype(np.float32)).reshape(len(factors), -1))


def tail_p(observed: float, drawn: NDArray[np.floating], variance: float) -> float:
    """(1 + k) ÷ (1 + draws) for k draws at least as large as `observed`.

    Where k < 10 the tail beyond the tenth largest draw falls like exp(−x²/2σ²), σ² = `variance`: that of the supremum of a
    Gaussian process with this largest variance (Borell–TIS: Adler & Taylor 2007, Random Fields and Geometry, section 2.1;
    the first term of Kolmogorov's distribution, 2 exp(−2x²), is one).

    >>> tail_p(3.0, np.arange(99.0), 1.0)  # 96 of the draws 0 … 98 are at least 3: (1 + 96) ÷ (1 + 99)
    0.97
    """
    # Rounding in single precision must not make a tie a smaller distance.
    k = int((drawn >= observed * (1 - 1e-5)).sum())
    if k >= FEW or len(drawn) <= FEW or variance <= 0:
        return (1 + k) / (1 + len(drawn))
    tenth = float(np.partition(drawn, -FEW)[-FEW])
    return float((1 + FEW) / (1 + len(drawn)) * np.exp(-max(observed**2 - tenth**2, 0.0) / (2 * variance)))


def plane_p(counts: ArrayLike) -> float:
    """p-value of max |`binned.plane`| of n independent points with `counts`, (SIDE²,), by Monte Carlo: NULL_DRAWS samples
    of uniform points, as many as the largest number of `LADDER` that is no larger than n.

    >>> plane_p(np.ones(64))  # spread more evenly than any of the 9999 samples
    1.0
    """
    exact = np.asarray(counts, dtype=np.float64)
    n = float(exact.sum())
    drawn = _null_of_plane(max((size for size in LADDER if size <= n), default=int(n)))
    return tail_p(float(np.abs(plane(exact)).max() / np.sqrt(n)), drawn, 0.25)


@lru_cache(maxsize=64)
def _null_of_plane(n: int) -> Floats:
    """√n times the distance of n uniform points from the uniform distribution: (NULL_DRAWS,)."""
    return np.asarray(np.abs(plane(_uniform_counts(n, SIDE**2).astype(np.float64))).max(-1) / np.sqrt(n))


def _uniform_counts(n: int, cells: int) -> Ints:
    """How many of `n` uniform points lie in each of equal cells, in each sample: (NULL_DRAWS, cells)."""
    return generator(n, "uniform points").multinomial(n, np.full(cells, 1 / cells), NULL_DRAWS)


def uniform_deviations(n: int, cells: int) -> Single:
    """How many more of `n` uniform points than expected lie in each of equal cells: (NULL_DRAWS, cells).

    From 20 points on, they are the deviations of the largest number in `LADDER` that is no larger, times the root of the
    ratio of the two numbers.

    >>> sorted(set(uniform_deviations(1, 4).ravel().tolist()))  # one point is in a cell or not: 1 − 1/4 or 0 − 1/4
    [-0.25, 0.75]
    """
    size = max((size for size in LADDER if size <= n), default=n)
    return np.asarray(_of_ladder(size, cells) * np.float32(np.sqrt(n / max(size, 1))))


@lru_cache(maxsize=32)
def _of_ladder(n: int, cells: int) -> Single:
    return (_uniform_counts(n, cells) - n / cells).astype(np.float32)


def ks_p(distance: Floats, n: NDArray[np.integer]) -> Floats:
    """p-values of Kolmogorov–Smirnov distances of `n` independent values to U(0, 1).

    Exact up to `EXACT` values (`kolmogorov.two_sided_p`, whose time grows with n); beyond, Kolmogorov's limit with the
    correction of Vrbik 2018 (Pioneer J. Theor. Appl. Stat. 15), there right to 2 % at p = 1e-6.

    >>> ks_p(np.array([0.75]), np.array([1])).round(3)  # one value is 3/4 away if it is above 3/4 or below 1/4
    array([0.5])
    """
    from scipy.special import kolmogorov

    p = np.empty(len(distance))
    few = np.asarray(n) <= EXACT
    p[few] = two_sided_p(distance[few], n[few])
    root = np.sqrt(n[~few])
    z = distance[~few] * root
    p[~few] = kolmogorov(z + 1 / (6 * root) + (z - 1) / (4 * root**2))
    return np.clip(p, 0, 1)


def ks_two_p(distance: Floats, n_a: NDArray[np.integer], n_b: NDArray[np.integer]) -> Floats:
    """p-values of Kolmogorov–Smirnov distances between two samples of `n_a` and `n_b` independent values: those of
    `scipy.stats.ks_2samp(method="asymp")`, which are of one sample of n_a n_b ÷ (n_a + n_b) values.

    >>> ks_two_p(np.array([0.75]), np.array([2]), np.array([2])).round(3)  # as for one value that is 3/4 away
    array([0.5])
    """
    large, small = np.maximum(n_a, n_b).astype(float), np.minimum(n_a, n_b).astype(float)
    return two_sided_p(distance, np.round(large * small / (large + small)))


def ks_two(a: Floats, b: Floats) -> float:
    """Kolmogorov–Smirnov distance between two samples, (n,) and (m,), both sorted; in [0, 1].

    >>> ks_two(np.array([0.1, 0.2]), np.array([0.15, 0.9]))  # at 0.2, 2 of 2 against 1 of 2
    0.5
    """
    both = np.concatenate([a, b])
    below_a, below_b = (np.searchsorted(sample, both, side="right") / len(sample) for sample in (a, b))
    return float(np.abs(below_a - below_b).max())


def distances(values: Floats) -> tuple[float, float]:
    """Kolmogorov–Smirnov and Wasserstein distance of sorted values to U(0, 1), both exact.

    With a = x − left and b = x − right of the k-th value's part (k/n, (k + 1)/n) of the quantile function, the first is the
    largest of a and −b, the second Σ ∫ |x − t| dt = Σ (a|a| − b|b|) ÷ 2.

    >>> distances(np.array([0.5]))  # at 1/2 from 0 to 1; ∫ |1/2 − t| dt = 1/4
    (0.5, 0.25)
    """
    n = len(values)
    a = values - np.arange(n) / n
    b = a - 1 / n
    return float(max(a.max(), -b.min())), float((a * np.abs(a) - b * np.abs(b)).sum() / 2)


def resampled_shares(counts: Floats, weights: Single) -> Floats:
    """The share of each cell, (1 + RESAMPLES, cells): in the sample (row 0), and when its units have random weights.

    >>> shares = resampled_shares(np.array([[1.0, 0.0], [0.0, 3.0]]), multipliers(0).weights)
    >>> shares.shape, shares[0].tolist()
    ((501, 2), [0.25, 0.75])
    """
    sums = np.concatenate([counts.sum(0)[None], product(weights, counts)])
    return np.asarray(sums / sums.sum(1, keepdims=True), dtype=np.float64)


def distance_interval(
    shares: Floats, estimate: float, units: int, level: float, ends: Floats | None = None, other: Floats | None = None
) -> Spread:
    """Interval of a Wasserstein distance ∫ |Fₙ − G| dx by the Bayesian bootstrap over units (Rubin 1981, Ann. Stat. 9).

    Parameters
    ----------
    shares : (1 + resamples, K), `resampled_shares`.
    estimate : the distance, from the values themselves.
    units : how many there are; of the smaller sample if there are two.
    ends : (K + 1,) of the cells; equal cells of [0, 1] where not given.
    other : the `shares` of the sample that is G; U(0, 1) where not given.

    The resampled distances are shifted to have `estimate` as their mean, since a distance is larger in a resample than in
    the sample, and stretched for few units. The lower end is 0 where G cannot be excluded: where ∫ |Fₙ* − Fₙ| dx, at the
    same level, is as large as the distance. The triangle inequality makes sure that 0 is covered then.

    >>> shares = np.tile([0.75, 0.25], (3, 1))  # if all resamples are equal, so are both ends: ½ (¾ − ½) = 1/8
    >>> distance_interval(shares, 0.125, units=9, level=0.95)
    Spread(estimate=0.125, low=0.125, high=0.125)
    """
    if units < 2:
        return Spread(estimate, None, None)
    ends = np.linspace(0, 1, shares.shape[1] + 1) if ends is None else ends
    width = np.diff(ends)
    against = np.full(shares.shape, 1 / shares.shape[1]) if other is None else other
    apart = np.cumsum(shares - against, 1)
    stretch = _stretch(units, level)
    radius = stretch * float(quantiles(_integral(np.abs(apart[1:] - apart[0]), width), level))
    low, high = shifted(_integral(np.abs(apart[1:]), width), estimate, level, stretch)
    return Spread(estimate, 0.0 if radius >= estimate else low, high)


def _integral(at_ends: Floats, width: Floats) -> Floats:
    """∫ of what is known at the upper ends of cells, 0 at the first lower one, by trapezoids: (…, K) to (…)."""
    before = np.concatenate([np.zeros((*at_ends.shape[:-1], 1)), at_ends[..., :-1]], -1)
    return np.asarray((before + at_ends) @ width / 2)


def shifted(draws: Floats, estimate: float, level: float, stretch: float) -> tuple[float, float]:
    """The central `level` of `draws`, moved to have `estimate` as their mean and stretched about it; neither end is below
    0.

    >>> low, high = shifted(np.linspace(0, 1, 101), estimate=2.0, level=0.9, stretch=2.0)  # 2 ± 2 × 0.45
    >>> round(low, 6), round(high, 6)
    (1.1, 2.9)
    """
    ends = quantiles(draws, [(1 - level) / 2, (1 + level) / 2])
    low, high = (ends - draws.mean()) * stretch + estimate
    return max(float(min(low, estimate)), 0.0), float(max(high, estimate, 0.0))


def quantiles(values: Floats, levels: ArrayLike) -> Floats:
    """`np.quantile` of some hundred values, which takes several times as long to find out what it is given.

    >>> quantiles(np.array([3.0, 1.0, 2.0]), [0.5, 0.75])
    array([2. , 2.5])
    """
    return np.asarray(np.interp(np.asarray(levels) * (len(values) - 1), np.arange(len(values)), np.sort(values)))


@lru_cache(maxsize=1024)
def _stretch(units: int, level: float) -> float:
    """How much wider than resamples say an interval is for few units: √(u/(u − 1)) and Student's t for the normal."""
    from scipy.special import ndtri, stdtrit

    upper = (1 + level) / 2
    return float(np.sqrt(units / (units - 1)) * stdtrit(units - 1, upper) / ndtri(upper))


def bits(counts: Floats, shares: Floats, level: float) -> Spread:
    """How much is known about the cell before a picture is seen: log₂(cells) − H(cell) bits, from 0 (all cells are equally
    likely) to log₂(cells) (it is always the same one).

    The entropy is plugged in, with its bias taken out: Σ Var(pₖ) ÷ (2 pₖ ln 2), where the variance is that of shares of
    boxes drawn picture by picture. For independent boxes that is the (m − 1) ÷ (2 n ln 2) of Miller 1955 (Note on the bias
    of information estimates) and Madow, m cells being met. Not below 0. Nothing for fewer than `PER_CELL` units
    that hold a box per cell. `shares` are the `resampled_shares` of `counts`.

    >>> counts = np.tile([1.0, 0.0], (5, 1))  # always the first of two cells: one bit, and no doubt about it
    >>> bits(counts, resampled_shares(counts, multipliers(0).weights), level=0.95)
    Spread(estimate=1.0, low=1.0, high=1.0)
    """
    cells = counts.shape[1]
    total = counts.sum(0)
    n = total.sum()
    units = filled(counts)
    if units < PER_CELL * cells:
        return Spread(None, None, None)
    share = total / n
    residual = counts - counts.sum(1, keepdims=True) * share
    variance = units / (units - 1) * (residual**2).sum(0) / n**2
    met = share > 0
    bias = float((variance[met] / share[met]).sum() / (2 * np.log(2)))
    drawn = _information(shares)
    estimate = min(max(float(drawn[0]) - bias, 0.0), float(np.log2(cells)))
    low, high = shifted(drawn[1:], estimate, level, _stretch(units, level))
    return Spread(estimate, low, min(high, float(np.log2(cells))))


def _information(shares: Floats) -> Floats:
    """log₂ K − H in bits, over the last axis."""
    terms = shares * np.log2(np.where(shares > 0, shares, 1))
    return np.asarray(np.log2(shares.shape[-1]) + terms.sum(-1))
