"""What two networks have in common on the same pictures: all that a comparison asks of both together."""

from collections.abc import Iterable
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

    def of(self, a: int, b: int) -> "Products":
        """Those of two among k networks, by their places."""
        return Products(*(part[:, a, b] for part in self))

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
    >>> found.of(0, 1).influences, found.of(1, 0).influences
    (array([0.375]), array([0.375]))
    """
    sums = []
    for ratios in measures:
        both = np.nan_to_num(np.concatenate([ratios.influence(), ratios.weight()], axis=1))
        sums.append(both.T @ both)
    whole = np.array(sums)
    k = whole.shape[-1] // 2
    return Products(whole[:, :k, :k], whole[:, :k, k:], whole[:, k:, :k], whole[:, k:, k:])
