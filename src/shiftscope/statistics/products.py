"""What two networks have in common on the same pictures: all that a comparison asks of both together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from shiftscope.statistics.ratios import Floats, Ratios


class Products(NamedTuple):
    """Sums over the same pictures of products of two networks' influences f and weights d (`Ratios.influence`,
    `Ratios.weight`): each (m,) of two networks, or (m, k, k) of all among k networks. 0 where nothing counts."""

    influences: Floats
    """Σ fₐ f_b"""
    influence_weight: Floats
    """Σ fₐ d_b"""
    weight_influence: Floats
    """Σ dₐ f_b"""
    weights: Floats
    """Σ dₐ d_b"""

    def of(self, a: int, others: Sequence[int]) -> "Products":
        """Those of one among k networks and each of the others, by their places: (m × others,), of one network behind those
        of another."""
        return Products(*(part[:, a, others].T.ravel() for part in self))

    def columns(self, chosen: list[int]) -> "Products":
        """Those of the measures at these places."""
        return Products(*(part[chosen] for part in self))


def products(a: Ratios, b: Ratios) -> Products:
    """The products of two networks on the same pictures, each (m,).

    >>> a, b = (Ratios(np.array([[top], [0.0]]), np.ones((2, 1)), np.full(1, 2.0), np.ones(1)) for top in (1.0, 3.0))
    >>> products(a, b).influences  # (1 − ½) ÷ 2 × (3 − 3/2) ÷ 2 for both pictures
    array([0.375])
    """
    (fa, da), (fb, db) = ((np.nan_to_num(one.influence()), np.nan_to_num(one.weight())) for one in (a, b))
    return Products(*((one * other).sum(0) for one, other in ((fa, fb), (fa, db), (da, fb), (da, db))))


def all_products(measures: Iterable[Ratios]) -> Products:
    """The products of every two of k networks, each (m, k, k).

    `measures` are one measure of all networks after the other, on the same pictures: each with arrays of (n, k). No more
    than one of them need be in memory.

    >>> pictures = np.array([[1.0, 3.0], [0.0, 0.0]])  # the two networks of the example of `products`
    >>> found = all_products([Ratios(pictures, np.ones((2, 2)), np.full(2, 2.0), np.ones(2))])
    >>> found.of(0, [1]).influences, found.of(1, [0]).influences
    (array([0.375]), array([0.375]))
    """
    sums = []
    both = np.empty((0, 0))
    for ratios in measures:
        n, k = ratios.numerator.shape
        if both.shape != (2 * k, n):
            both = np.empty((2 * k, n))  # once: to ask for memory takes as long as to fill it
        _influence_and_weight(ratios, both)
        sums.append(both @ both.T)
    whole = np.array(sums)
    k = whole.shape[-1] // 2
    return Products(whole[:, :k, :k], whole[:, :k, k:], whole[:, k:, :k], whole[:, k:, k:])


def _influence_and_weight(ratios: Ratios, out: Floats) -> None:
    """Write `Ratios.influence` and, below, `Ratios.weight`, a network in each row, 0 where nothing counts: (2 k, n)."""
    influence, weight = np.split(out, 2)
    whole = ratios.denominator.sum(0)[:, None]
    counts = whole != 0
    np.divide(ratios.denominator.T, np.where(counts, whole, np.inf), out=weight)
    np.multiply(np.nan_to_num(ratios.estimate)[:, None], ratios.denominator.T, out=influence)
    np.subtract(ratios.numerator.T, influence, out=influence)
    influence /= np.where(counts, whole, np.inf)
