"""Confidence intervals of measures and of the difference of two networks: one method for shares, one for other means, and
one for differences of either."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftscope.statistics.bootstrap import FEWEST_PICTURES, mean_intervals, resampled_means
from shiftscope.statistics.moments import Moments
from shiftscope.statistics.products import Products
from shiftscope.statistics.proportions import share_intervals
from shiftscope.statistics.ratios import Floats, Ratios, Totals, ratio

NOTHING = "no picture counts"
SINGLE = "only one picture counts, and intervals need two"
FEW = f"fewer than {FEWEST_PICTURES} pictures count, too few for the interval of a mean"
EQUAL = "all pictures, or nearly all, have the same value, which does not tell how sure it is"


class Intervals(NamedTuple):
    """m estimates with their confidence intervals, each (m,)."""

    estimate: Floats
    low: Floats
    high: Floats
    reason: list[str | None]
    """Why `low` and `high` are nan; None where they are not."""

    def columns(self, chosen: NDArray[np.int64]) -> "Intervals":
        """Those of the estimates at these places."""
        low, high = self.low[chosen], self.high[chosen]
        return Intervals(self.estimate[chosen], low, high, [self.reason[place] for place in chosen])


def intervals(ratios: Ratios, *, level: float, seed: int, n_resamples: int) -> Intervals:
    """Estimates and intervals over pictures: `share_intervals` of shares, `mean_intervals` of other means.

    Parameters
    ----------
    ratios : n pictures, m measures.
    level : confidence level, in (0, 1).
    seed, n_resamples : of the bootstrap, which shares do not need.

    >>> ratios = Ratios(np.zeros((30, 1)), np.ones((30, 1)), np.array([30.0]), np.ones(1))
    >>> found = intervals(ratios, level=0.95, seed=0, n_resamples=100)
    >>> found.low.round(3), found.high.round(3)  # no event in 30: t² ÷ (30 + t²) with Student's t = 2.045
    (array([0.]), array([0.122]))
    """
    totals, means = ratios.totals(), ratios.columns(~ratios.is_share)
    asked = bool((means.counted >= FEWEST_PICTURES).any())
    resamples = resampled_means(means, seed=seed, n_resamples=n_resamples if asked else 0)
    return intervals_of(totals, resamples, level=level)


def intervals_of(totals: Totals, resamples: Moments, *, level: float) -> Intervals:
    """As `intervals`, where the pictures have been summed: `totals` are of m measures, `resamples` of those that are no
    shares, in their order (`bootstrap.resampled_means`).

    >>> ratios = Ratios(np.zeros((30, 1)), np.ones((30, 1)), np.array([30.0]), np.ones(1))
    >>> none = resampled_means(ratios.columns(~ratios.is_share), seed=0, n_resamples=0)
    >>> intervals_of(ratios.totals(), none, level=0.95).high.round(3)
    array([0.122])
    """
    low, high = np.full((2, len(totals.trials)), np.nan)
    shares = totals.is_share
    means = totals.columns(~shares)
    low[shares], high[shares] = share_intervals(totals.columns(shares), level)
    low[~shares], high[~shares] = mean_intervals(resamples, means.counted, means.nonnegative, level)
    reasons = [
        None if not np.isnan(end) else _reason(int(count), bool(share))
        for end, count, share in zip(low, totals.counted, shares, strict=True)
    ]
    return Intervals(totals.estimate, low, high, reasons)


def _reason(pictures: int, share: bool) -> str:
    """Why there is no interval, given how many pictures count."""
    if not pictures:
        return NOTHING
    if share:
        return SINGLE
    return FEW if pictures < FEWEST_PICTURES else EQUAL


def difference_intervals(
    a: Totals, b: Totals, found_a: Intervals, found_b: Intervals, both: Products
) -> tuple[Floats, Floats]:
    """Intervals of the differences a − b of two networks on the same pictures, from their own: (low, high), each (m,).

    The distances of both estimates from their own ends are added like standard errors of correlated numbers (MOVER: Zou &
    Donner 2008, Statistics in Medicine 27; for paired shares it is method 10 of Newcombe 1998, Statistics in Medicine 17).
    The correlation is that of the pictures' influences. It is taken to be at most 1 − 2 ÷ pictures, as Newcombe's
    continuity correction does: networks that answered alike on all of n pictures may still differ on the next ones.

    Parameters
    ----------
    a, b : the same pictures and m measures of both networks, summed.
    found_a, found_b : their `intervals`.
    both : their `products.products`.

    >>> from shiftscope.statistics.products import products
    >>> never = Ratios(np.zeros((30, 1)), np.ones((30, 1)), np.array([30.0]), np.ones(1))
    >>> found = intervals(never, level=0.95, seed=0, n_resamples=100)
    >>> totals = never.totals()
    >>> low, high = difference_intervals(totals, totals, found, found, products(never, never))
    >>> low.round(3), high.round(3)  # √((estimate − low)² + (high − estimate)²) each way
    (array([-0.122]), array([0.122]))
    """
    spread = np.sqrt(a.squares * b.squares)
    pictures = np.maximum(np.maximum(a.counted, b.counted), 2)
    correlation = np.minimum(np.nan_to_num(ratio(both.influences, spread)), 1 - 2 / pictures)
    difference = found_a.estimate - found_b.estimate

    def away(one: Floats, other: Floats) -> Floats:
        return np.asarray(np.sqrt(np.maximum(one**2 - 2 * correlation * one * other + other**2, 0)))

    below = away(found_a.estimate - found_a.low, found_b.high - found_b.estimate)
    above = away(found_a.high - found_a.estimate, found_b.estimate - found_b.low)
    return difference - below, difference + above
