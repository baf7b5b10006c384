"""Confidence intervals of measures and of the difference of two networks: one method for shares, one for other means, and
one for differences of either."""

from typing import NamedTuple

import numpy as np

from shiftscope.statistics.bootstrap import FEWEST_PICTURES, mean_intervals
from shiftscope.statistics.proportions import share_intervals
from shiftscope.statistics.ratios import Floats, Ratios, ratio

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
    low, high = np.full((2, len(ratios.trials)), np.nan)
    shares = ratios.is_share
    low[shares], high[shares] = share_intervals(ratios.columns(shares), level)
    low[~shares], high[~shares] = mean_intervals(ratios.columns(~shares), level, seed=seed, n_resamples=n_resamples)
    reasons = [
        None if not np.isnan(end) else _reason(int(count), bool(share))
        for end, count, share in zip(low, ratios.counted, shares, strict=True)
    ]
    return Intervals(ratios.estimate, low, high, reasons)


def _reason(pictures: int, share: bool) -> str:
    """Why there is no interval, given how many pictures count."""
    if not pictures:
        return NOTHING
    if share:
        return SINGLE
    return FEW if pictures < FEWEST_PICTURES else EQUAL


def difference_intervals(a: Ratios, b: Ratios, found_a: Intervals, found_b: Intervals) -> tuple[Floats, Floats]:
    """Intervals of the differences a − b of two networks on the same pictures, from their own: (low, high), each (m,).

    The distances of both estimates from their own ends are added like standard errors of correlated numbers (MOVER: Zou &
    Donner 2008, Statistics in Medicine 27; for paired shares it is method 10 of Newcombe 1998, Statistics in Medicine 17).
    The correlation is that of the pictures' influences. It is taken to be at most 1 − 2 ÷ pictures, as Newcombe's
    continuity correction does: networks that answered alike on all of n pictures may still differ on the next ones.

    Parameters
    ----------
    a, b : the same n pictures and m measures of both networks.
    found_a, found_b : their `intervals`.

    >>> never = Ratios(np.zeros((30, 1)), np.ones((30, 1)), np.array([30.0]), np.ones(1))
    >>> found = intervals(never, level=0.95, seed=0, n_resamples=100)
    >>> low, high = difference_intervals(never, never, found, found)  # √((estimate − low)² + (high − estimate)²) each way
    >>> low.round(3), high.round(3)
    (array([-0.122]), array([0.122]))
    """
    influence_a, influence_b = a.influence(), b.influence()
    spread = np.sqrt((influence_a**2).sum(0) * (influence_b**2).sum(0))
    pictures = np.maximum(np.maximum(a.counted, b.counted), 2)
    correlation = np.minimum(np.nan_to_num(ratio((influence_a * influence_b).sum(0), spread)), 1 - 2 / pictures)
    difference = found_a.estimate - found_b.estimate

    def away(one: Floats, other: Floats) -> Floats:
        return np.asarray(np.sqrt(np.maximum(one**2 - 2 * correlation * one * other + other**2, 0)))

    below = away(found_a.estimate - found_a.low, found_b.high - found_b.estimate)
    above = away(found_a.high - found_a.estimate, found_b.estimate - found_b.low)
    return difference - below, difference + above
