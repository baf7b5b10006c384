"""Ratios of sums over pictures, which every interval and every paired test is given.

Frames of one picture are not independent. So a measure comes as two sums for each picture, and pictures are the unit of all
intervals and tests.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ratios(NamedTuple):
    """m measures as sums over the same n pictures; each estimate is Σ numerator ÷ Σ denominator.

    >>> ratios = Ratios(np.array([[1.0], [0.0]]), np.array([[3.0], [1.0]]), np.array([4.0]), np.array([1.0]))
    >>> ratios.estimate, ratios.counted  # (1 + 0) ÷ (3 + 1), two pictures
    (array([0.25]), array([2]))
    >>> ratios.effective_pictures  # (3 + 1)² ÷ (3² + 1²)
    array([1.6])
    >>> ratios.influence()[:, 0]  # (1 − 0.25 × 3) ÷ 4 and (0 − 0.25 × 1) ÷ 4
    array([ 0.0625, -0.0625])
    """

    numerator: Floats
    """(n, m)"""
    denominator: Floats
    """(n, m), not negative; 0 for a picture that does not count."""
    trials: Floats
    """(m,): for a share of events, how many independent trials there are at most, such as all pairs of frames or all
    pictures; nan for a mean of other values."""
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
        """Those of the measures for which `chosen`, (m,), is true."""
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
