"""Ratios of sums over pictures: what every interval and every paired test is given.

Frames of one picture are not independent, so a measure comes here as two sums per picture, and pictures are the unit of
everything that is said of its uncertainty.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ratios(NamedTuple):
    """m measures as sums over the same n pictures; each estimate is Σ numerator ÷ Σ denominator."""

    numerator: Floats
    """(n, m)"""
    denominator: Floats
    """(n, m), not negative; 0 where a picture does not count."""
    trials: Floats
    """(m,): for a share of events, how many independent trials there are at most (all pairs of frames, say, or all
    pictures); nan for a mean of other values."""
    scale: Floats
    """(m,): the largest value that a share can have: 1, or the number of trials for a count of all events."""

    @property
    def estimate(self) -> Floats:
        """(m,): Σ numerator ÷ Σ denominator, nan where the denominator is 0."""
        return ratio(self.numerator.sum(0), self.denominator.sum(0))

    @property
    def counted(self) -> NDArray[np.int64]:
        """(m,): how many pictures count in the denominator."""
        return np.asarray((self.denominator != 0).sum(0))

    @property
    def effective_pictures(self) -> Floats:
        """(m,): (Σ denominator)² ÷ Σ denominator², the number of equally weighted pictures whose mean varies as much (Kish
        1965, Survey Sampling, section 11.7); nan where nothing counts."""
        return ratio(self.denominator.sum(0) ** 2, (self.denominator**2).sum(0))

    @property
    def is_share(self) -> NDArray[np.bool_]:
        """(m,): whether the numerator counts events."""
        return np.asarray(~np.isnan(self.trials))

    def columns(self, chosen: NDArray[np.bool_]) -> "Ratios":
        """The measures that `chosen`, (m,), is true for."""
        return Ratios(self.numerator[:, chosen], self.denominator[:, chosen], self.trials[chosen], self.scale[chosen])

    def influence(self) -> Floats:
        """(n, m): how much each picture moves the estimate, (numerator − estimate × denominator) ÷ Σ denominator. The sum
        over pictures is 0, that of the squares their part of the estimate's variance (the delta method)."""
        return ratio(self.numerator - self.estimate * self.denominator, self.denominator.sum(0)[None])


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """numerator ÷ denominator, nan where the denominator is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    shape = np.broadcast(numerator, denominator).shape
    result = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=result, where=np.broadcast_to(denominator, shape) != 0)
    return result
