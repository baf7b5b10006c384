"""Means as sums over pictures of numerators, denominators and their products, from which the mean and its standard error
follow without the pictures, under other weights of parts of the pictures too."""

from typing import NamedTuple

import numpy as np

from shiftscope.statistics.ratios import Floats, ratio


class Moments(NamedTuple):
    """Sums over pictures of the numerator N and the denominator D of m means, each (…, m). The leading axis, if there is
    one, are resamples of the pictures."""

    numerator: Floats
    """Σ N"""
    denominator: Floats
    """Σ D"""
    squares: Floats
    """Σ N²"""
    products: Floats
    """Σ N D"""
    denominator_squares: Floats
    """Σ D²"""

    @property
    def estimate(self) -> Floats:
        """(…, m): Σ N ÷ Σ D, nan where the denominator is 0."""
        return ratio(self.numerator, self.denominator)

    @property
    def error(self) -> Floats:
        """(…, m): the standard error of `estimate`, √Σ (N − estimate × D)² ÷ Σ D, as of `Ratios.influence`."""
        estimate = self.estimate
        squares = self.squares - 2 * estimate * self.products + estimate**2 * self.denominator_squares
        # Of equal values rounding leaves a little, of either sign.
        squares = np.where(squares > 1e-12 * self.squares, squares, 0)
        return ratio(np.sqrt(squares), self.denominator)


def moments(numerator: Floats, denominator: Floats) -> Moments:
    """What is summed over n pictures, (n, m) each, from their numerators and denominators, (n, m).

    >>> picture = moments(np.array([[2.0]]), np.array([[3.0]]))
    >>> [part.item() for part in picture]
    [2.0, 3.0, 4.0, 6.0, 9.0]
    """
    return Moments(numerator, denominator, numerator**2, numerator * denominator, denominator**2)


def moments_by_part(numerator: Floats, denominator: Floats) -> Moments:
    """What is summed over n pictures for one mean whose numerator and denominator come in p parts, (n, p).

    First the parts, (n, p); then the products of all pairs of parts: N with N and D with D once for each pair i ≤ j,
    (n, p (p + 1) ÷ 2), and N with D for each i and j, (n, p²). `reweighted` makes the mean's own moments of their sums.

    >>> picture = moments_by_part(np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]]))
    >>> picture.squares.tolist(), picture.products.tolist()  # 1², 1 × 2, 2²; 1 × 3, 1 × 5, 2 × 3, 2 × 5
    ([[1.0, 2.0, 4.0]], [[3.0, 5.0, 6.0, 10.0]])
    """
    first, second = np.triu_indices(numerator.shape[1])
    products = (numerator[:, :, None] * denominator[:, None, :]).reshape(len(numerator), -1)
    return Moments(
        numerator,
        denominator,
        numerator[:, first] * numerator[:, second],
        products,
        denominator[:, first] * denominator[:, second],
    )


def reweighted(parts: Moments, weights: Floats) -> Moments:
    """The moments, (…, 1), of the mean whose numerator is Σ weight × part and whose denominator likewise.

    `parts` are sums of `moments_by_part`, (…, number of parts or of their pairs), and `weights` is (p,).

    >>> picture = moments_by_part(np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]]))
    >>> [part.item() for part in reweighted(picture, np.array([2.0, 1.0]))]  # as of 2 × 1 + 2 and 2 × 3 + 5
    [4.0, 11.0, 16.0, 44.0, 121.0]
    """
    first, second = np.triu_indices(len(weights))
    pairs = weights[first] * weights[second] * np.where(first == second, 1, 2)
    every = np.outer(weights, weights).ravel()
    chosen = (weights, weights, pairs, every, pairs)
    return Moments(*((part @ factor)[..., None] for part, factor in zip(parts, chosen, strict=True)))
