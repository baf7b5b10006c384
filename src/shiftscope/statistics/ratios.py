"""Ratios of sums over pictures, which every interval and every paired test is given.

Frames of one picture are not independent. So a measure comes as two sums for each picture, and pictures are the unit of all
intervals and tests.
"""

from math import comb
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


class Powers(NamedTuple):
    """m measures summed over some of their pictures, from which `Totals` of many pictures follow by `merged`.

    Residuals r = numerator − estimate × denominator are about the estimate of these pictures, not about 0, so that nothing
    is lost by rounding when sums about another estimate are made of them.
    """

    numerator: Floats
    """(m,): Σ numerator"""
    denominator: Floats
    """(m,): Σ denominator"""
    counted: NDArray[np.int64]
    """(m,): how many pictures count in the denominator."""
    nonnegative: NDArray[np.bool_]
    """(m,): whether no picture has a negative numerator."""
    second: Floats
    """(3, m): Σ rʲ × denominator²⁻ʲ for j = 0, 1, 2."""
    fourth: Floats
    """(5, m): Σ rʲ × denominator⁴⁻ʲ for j = 0 … 4."""

    @property
    def estimate(self) -> Floats:
        """(m,): Σ numerator ÷ Σ denominator, 0 where the denominator is 0."""
        return np.nan_to_num(ratio(self.numerator, self.denominator))

    def merged(self, other: "Powers") -> "Powers":
        """Those of these pictures and of others together.

        >>> one, two = (powers(Ratios(np.array([[top]]), np.ones((1, 1)), np.ones(1), np.ones(1))) for top in (1.0, 0.0))
        >>> one.merged(two).second[:, 0].tolist()  # 1² + 1²; ½ − ½; ¼ + ¼
        [2.0, 0.0, 0.5]
        """
        whole = self._replace(
            numerator=self.numerator + other.numerator,
            denominator=self.denominator + other.denominator,
            counted=self.counted + other.counted,
            nonnegative=self.nonnegative & other.nonnegative,
        )
        by = [one.estimate - whole.estimate for one in (self, other)]
        return whole._replace(
            second=_about(self.second, by[0]) + _about(other.second, by[1]),
            fourth=_about(self.fourth, by[0]) + _about(other.fourth, by[1]),
        )

    def totals(self, trials: Floats, scale: Floats) -> "Totals":
        """`Totals` of these pictures; `trials` and `scale`, (m,), as in `Ratios`."""
        whole = self.denominator
        return Totals(
            numerator=self.numerator,
            denominator=whole,
            counted=self.counted,
            trials=trials,
            scale=scale,
            nonnegative=self.nonnegative,
            squares=ratio(self.second[2], whole**2),
            products=ratio(self.second[1], whole**2),
            weights=ratio(self.second[0], whole**2),
            fourth=ratio(self.fourth[4], whole**4),
        )


def powers(ratios: Ratios) -> Powers:
    """The sums of all pictures of `ratios`.

    >>> powers(Ratios(np.array([[1.0], [0.0]]), np.ones((2, 1)), np.ones(1), np.ones(1))).second[:, 0].tolist()
    [2.0, 0.0, 0.5]
    """
    numerator, denominator = ratios.numerator, ratios.denominator
    residual = numerator - np.nan_to_num(ratios.estimate) * denominator

    def sums(degree: int) -> Floats:
        return np.array([(residual**j * denominator ** (degree - j)).sum(0) for j in range(degree + 1)])

    return Powers(
        numerator.sum(0), denominator.sum(0), ratios.counted, np.asarray((numerator >= 0).all(0)), sums(2), sums(4)
    )


def _about(sums: Floats, by: Floats) -> Floats:
    """Σ (r + by × D)ʲ Dᵈ⁻ʲ from Σ rʲ Dᵈ⁻ʲ, j = 0 … d: (d + 1, m), by the binomial theorem."""
    terms = range(len(sums))
    return np.array([sum(comb(j, i) * by ** (j - i) * sums[i] for i in range(j + 1)) for j in terms])


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
