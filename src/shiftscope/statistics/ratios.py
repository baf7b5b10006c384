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

    def weight(self) -> Floats:
        """(n, m): what share each picture has of the denominator, denominator ÷ Σ denominator; nan where nothing counts."""
        return ratio(self.denominator, self.denominator.sum(0)[None])

    def totals(self) -> "Totals":
        """What estimates, intervals of shares and tests ask of the pictures, summed over them."""
        influence, weight = self.influence(), self.weight()
        squares = influence**2
        return Totals(
            numerator=self.numerator.sum(0),
            denominator=self.denominator.sum(0),
            counted=self.counted,
            trials=self.trials,
            scale=self.scale,
            nonnegative=np.asarray((self.numerator >= 0).all(0)),
            squares=squares.sum(0),
            products=(influence * weight).sum(0),
            weights=(weight**2).sum(0),
            fourth=(squares**2).sum(0),
        )


class Totals(NamedTuple):
    """m measures summed over their pictures, each (m,): what remains to be known of `Ratios` without the pictures.

    >>> ratios = Ratios(np.array([[1.0], [0.0]]), np.array([[3.0], [1.0]]), np.array([4.0]), np.array([1.0]))
    >>> totals = ratios.totals()
    >>> totals.estimate, totals.effective_pictures  # (1 + 0) ÷ (3 + 1); (3 + 1)² ÷ (3² + 1²)
    (array([0.25]), array([1.6]))
    >>> totals.squares  # 0.0625² + 0.0625²
    array([0.0078125])
    """

    numerator: Floats
    """Σ numerator"""
    denominator: Floats
    """Σ denominator"""
    counted: NDArray[np.int64]
    """How many pictures count in the denominator."""
    trials: Floats
    """As in `Ratios`."""
    scale: Floats
    """As in `Ratios`."""
    nonnegative: NDArray[np.bool_]
    """Whether no picture has a negative numerator."""
    squares: Floats
    """Σ f² of the pictures' influences f (`Ratios.influence`)."""
    products: Floats
    """Σ f d of influences f and weights d (`Ratios.weight`)."""
    weights: Floats
    """Σ d²"""
    fourth: Floats
    """Σ f⁴"""

    @property
    def estimate(self) -> Floats:
        """(m,): Σ numerator ÷ Σ denominator, nan where the denominator is 0."""
        return ratio(self.numerator, self.denominator)

    @property
    def effective_pictures(self) -> Floats:
        """(m,): (Σ denominator)² ÷ Σ denominator², the number of equally weighted pictures whose mean varies as much (Kish
        1965, Survey Sampling, section 11.7); nan where nothing counts."""
        return 1 / self.weights

    @property
    def is_share(self) -> NDArray[np.bool_]:
        """(m,): whether the numerator counts events."""
        return np.asarray(~np.isnan(self.trials))

    def columns(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Totals":
        """Those of the measures that `chosen` points out: true or false, (m,), or their places."""
        return Totals(**{name: part[chosen] for name, part in self._asdict().items()})


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """numerator ÷ denominator, nan where the denominator is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    shape = np.broadcast(numerator, denominator).shape
    result = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=result, where=np.broadcast_to(denominator, shape) != 0)
    return result
