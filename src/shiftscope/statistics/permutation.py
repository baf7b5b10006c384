"""A paired permutation test of whether two networks have equal measures on the same pictures."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftscope.statistics import bootstrap
from shiftscope.statistics.products import Products
from shiftscope.statistics.ratios import Floats, Ratios, Totals, ratio

SMALLEST_P = 1e-9
"""Below this the normal tail of a permutation distribution says no more than "very small"."""
FEW = 10
"""With fewer draws that are at least as extreme, their count says too little about a small p-value."""


class SignedSums(NamedTuple):
    """A network's sums over pictures in which each picture has a random sign: each (draws, m)."""

    numerator: Floats
    denominator: Floats

    def shares(self, totals: Totals) -> "SignedSums":
        """The sums ÷ Σ denominator of all pictures; nan where that is 0.

        >>> totals = Ratios(np.ones((2, 1)), np.full((2, 1), 2.0), np.array([4.0]), np.ones(1)).totals()
        >>> [part.item() for part in SignedSums(np.array([[2.0]]), np.array([[-4.0]])).shares(totals)]
        [0.5, -1.0]
        """
        each = ratio(np.ones(totals.denominator.shape), totals.denominator)
        return SignedSums(self.numerator * each, self.denominator * each)


def signed(values: Floats, *, seed: int, n_draws: int) -> Floats:
    """Sums of `values`, (n, k), over pictures with random signs, which are the same for every network on the same pictures:
    (draws, k).

    >>> np.unique(signed(np.array([[3.0]]), seed=0, n_draws=100)).tolist()  # one picture: + or − its value
    [-3.0, 3.0]
    """
    n, k = values.shape
    drawn = np.zeros((n_draws, k))
    for block, signs in zip(bootstrap.blocks(n), random_signs(n, n_draws, seed), strict=True):
        drawn += bootstrap.under(signs, values[block])
    return drawn


def random_signs(n: int, n_draws: int, seed: int) -> Iterator[Iterator[Floats]]:
    """A sign, 1 or −1, for each of `n` pictures in each draw. Of one block of pictures after the other
    (`bootstrap.blocks`), chunks of (draws, pictures of the block).

    The same arguments give the same signs.

    >>> ((signs,),) = map(list, random_signs(3, 2, seed=0))
    >>> signs.shape, np.abs(signs).tolist()
    ((2, 3), [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    """
    for rng, block in zip(bootstrap.generators([seed, 1], n), bootstrap.blocks(n), strict=True):
        yield _signs(rng, block.stop - block.start, n_draws)


def _signs(rng: np.random.Generator, size: int, n_draws: int) -> Iterator[Floats]:
    at_a_time = max(1, bootstrap.CELLS_AT_A_TIME // max(size, 1))
    for start in range(0, n_draws, at_a_time):
        signs = np.empty((min(at_a_time, n_draws - start), size))
        for row in signs:  # one draw at a time stays in the processor's cache
            np.multiply(rng.integers(0, 2, size), 2.0, out=row)
            row -= 1
        yield signs


def signed_sums(ratios: Ratios, *, seed: int, n_draws: int) -> SignedSums:
    """Sums of a network under random signs, one per picture.

    They are made once per network, so that the cost of a table of all pairs grows with the number of networks, not of
    pairs.

    >>> ratios = Ratios(np.array([[3.0]]), np.array([[4.0]]), np.array([np.nan]), np.ones(1))
    >>> np.unique(signed_sums(ratios, seed=0, n_draws=100).numerator).tolist()
    [-3.0, 3.0]
    """
    both = signed(np.concatenate([ratios.numerator, ratios.denominator], axis=1), seed=seed, n_draws=n_draws)
    return SignedSums(*np.split(both, 2, axis=1))


def paired_p_values(a: Totals, b: Totals, signed: Sequence[tuple[SignedSums, SignedSums]], both: Products) -> Floats:
    """Two-sided p-values, (m,), for equal ratios of two networks on the same pictures; nan where one is 0 ÷ 0.

    Several pairs of networks may be asked about at once: `a`, `b` and `both` are then of the measures of one pair behind
    those of another, and `signed` are the two networks' `SignedSums.shares` of each pair.

    With numerators N and denominators D of networks a and b, the null hypothesis gives both the ratio
    R = (ΣNₐ + ΣN_b) ÷ (ΣDₐ + ΣD_b). The influence of a picture on the difference is then f = rₐ ÷ ΣDₐ − r_b ÷ ΣD_b, where
    rₐ = Nₐ − R Dₐ and r_b = N_b − R D_b. Either sign of f is as likely, and Σ f is the observed difference: p is the share
    of random signs for which |Σ ± f| is as large. Where both networks have the same denominators, this is the permutation
    test that exchanges the two networks on any picture, and exact.

    Where denominators differ (among frames classified right, say), a network that counts on few pictures may by chance show
    few events, and a variance that is too small with them. As in a score test, the null hypothesis then says how large the
    variance is: |Σ ± f| is scaled up by the root of (V − Vₐ − V_b + Pₐ + P_b) ÷ V wherever that is above 1. Here V = Σ f²,
    Vₐ = Σ rₐ² ÷ (ΣDₐ)², Pₐ = s² ΣDₐ² ÷ (ΣDₐ)² with the common size of residuals s² = (Σ rₐ² + Σ r_b²) ÷ (ΣDₐ² + ΣD_b²), and
    likewise for b. With equal denominators the scale is 1.

    p = (1 + k) ÷ (1 + draws) for k draws at least as far from 0. Where k < 10, the normal distribution with their standard
    deviation takes over if it is smaller (down to 1e-9), since otherwise no p-value could survive correction over a large
    table: small p-values are extrapolated, and say an order of magnitude. With equal denominators the true tail is at most
    3.2 times the normal one (Bentkus & Dzindzalieta 2015, Bernoulli 21).

    >>> from shiftscope.statistics.products import products
    >>> one, zero = (Ratios(np.full((4, 1), top), np.ones((4, 1)), np.array([4.0]), np.ones(1)) for top in (1.0, 0.0))
    >>> draws = [signed_sums(ratios, seed=0, n_draws=9999).shares(ratios.totals()) for ratios in (one, zero)]
    >>> found = paired_p_values(one.totals(), zero.totals(), [tuple(draws)], products(one, zero))
    >>> found.round(2)  # all four signs agree in 2 of 16 cases: 0.125
    array([0.13])
    """
    from scipy.special import ndtr

    common = ratio(a.numerator + b.numerator, a.denominator + b.denominator)
    observed = np.abs(a.estimate - b.estimate)
    above_a, above_b = a.estimate - common, b.estimate - common
    # rₐ ÷ ΣDₐ = fₐ + (ratio of a − R) dₐ, with the influences and weights that `Products` are of.
    squares_a, squares_b = _squares(a, above_a), _squares(b, above_b)
    crossed = both.influences + above_b * both.influence_weight + above_a * (both.weight_influence + above_b * both.weights)
    variance = np.maximum(squares_a - 2 * crossed + squares_b, 0)
    scale = _scale(a, b, squares_a, squares_b, variance)

    # Rounding must not make an exact tie a smaller distance.
    distance = observed * (1 - 1e-9) - 1e-14
    count, at = np.zeros(common.shape, dtype=np.int64), 0
    for pair in signed:
        here = slice(at, at + pair[0].numerator.shape[1])
        count[here] = _far(*pair, common[here], scale[here], distance[here])
        at = here.stop
    draws = len(signed[0][0].numerator)
    p_value = (1 + count) / (1 + draws)
    spread = np.sqrt(variance) * scale
    tail = np.maximum(2 * ndtr(-np.nan_to_num(ratio(observed, spread))), SMALLEST_P)
    p_value = np.where((count < FEW) & (spread > 0), np.minimum(p_value, tail), p_value)
    return np.where(np.isnan(observed), np.nan, p_value)


def _squares(one: Totals, above: Floats) -> Floats:
    """Σ rₐ² ÷ (ΣDₐ)², (m,), of a network whose ratio is `above` the common one by so much."""
    return one.squares + 2 * above * one.products + above**2 * one.weights


def _far(a: SignedSums, b: SignedSums, common: Floats, scale: Floats, distance: Floats) -> NDArray[np.int64]:
    """In how many draws |Σ ± f| × scale is no less than `distance`, (m,)."""
    drawn = a.numerator - b.numerator
    drawn -= common * (a.denominator - b.denominator)
    np.abs(drawn, out=drawn)
    drawn *= scale
    return np.asarray(np.count_nonzero(drawn >= distance, axis=0))


def _scale(a: Totals, b: Totals, squares_a: Floats, squares_b: Floats, variance: Floats) -> Floats:
    """By how much |Σ ± f| is scaled up for unequal denominators, (m,), at least 1: see `paired_p_values`."""
    square_a, square_b = a.denominator**2, b.denominator**2
    residuals = square_a * squares_a + square_b * squares_b
    common = ratio(residuals, square_a * a.weights + square_b * b.weights)
    more = common * (a.weights + b.weights) - squares_a - squares_b
    return np.asarray(np.sqrt(np.maximum(1, 1 + np.nan_to_num(ratio(more, variance)))))
