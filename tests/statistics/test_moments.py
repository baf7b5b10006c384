"""Sums of pictures against loops over the pictures: moments, reweighted parts, products of two networks, and the p-value
and the interval that follow from them."""

from functools import reduce

import numpy as np
import pytest
import scipy.stats

from shiftscope.statistics import intervals, permutation
from shiftscope.statistics.bootstrap import resampled, resampled_means, resampling_weights
from shiftscope.statistics.moments import Moments, moments_by_part, reweighted
from shiftscope.statistics.permutation import paired_p_values, signed, signed_sums
from shiftscope.statistics.products import all_products, products
from shiftscope.statistics.ratios import Powers, Ratios, powers

from .conftest import difference_ends, means, shares

PICTURES, PARTS = 40, 3


@pytest.fixture
def parts(rng):
    """Numerators and denominators of one mean in three parts, (pictures, parts): many pictures lack some of them."""
    denominator = rng.integers(0, 3, (PICTURES, PARTS)).astype(float)
    return denominator * rng.beta(0.5, 4, denominator.shape), denominator


def error_of_a_loop(numerator, denominator, drawn):
    """Estimate and standard error of the pictures that are drawn, one after the other."""
    top = bottom = squares = 0.0
    for picture in drawn:
        top, bottom = top + numerator[picture], bottom + denominator[picture]
    for picture in drawn:
        squares += (numerator[picture] - top / bottom * denominator[picture]) ** 2
    return top / bottom, np.sqrt(squares) / bottom


@pytest.mark.parametrize("weights", [(1, 1, 1), (0.5, 2, 0.1), (0, 1, 0), (1, 0, 3)])
def test_parts_reweighted_after_they_were_summed_are_those_reweighted_before(parts, weights):
    weights, draws = np.array(weights, float), {"seed": 3, "n_resamples": 50}
    by_part = moments_by_part(*parts)
    ends = np.cumsum([part.shape[1] for part in by_part])[:-1]
    sums = Moments(*np.split(resampled(np.concatenate(by_part, axis=1), **draws), ends, axis=1))
    after = reweighted(sums, weights)
    whole = [part @ weights for part in parts]
    before = resampled_means(means(*(part[:, None] for part in whole)), **draws)
    for one, other in zip(after, before, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    everything = [np.arange(PICTURES), *(np.repeat(np.arange(PICTURES), row.astype(int)) for row in weights_of(draws))]
    for place, drawn in enumerate(everything):
        estimate, error = error_of_a_loop(*whole, drawn)
        assert after.estimate[place, 0] == pytest.approx(estimate, rel=1e-12)
        assert after.error[place, 0] == pytest.approx(error, rel=1e-11)


def weights_of(draws):
    (weights,) = resampling_weights(PICTURES, draws["n_resamples"], draws["seed"])
    return np.concatenate(list(weights))


def two(rng, n=PICTURES):
    """Two networks that count on different pictures; the last measure counts on no picture of the second one."""
    for zero in (False, True):
        denominator = rng.integers(0, 5, (n, 4)).astype(float)
        denominator[:, 3] *= not zero
        yield shares(rng.binomial(denominator.astype(int), 0.3), denominator)


def test_products_are_those_of_a_loop(rng):
    a, b = two(rng)
    found = products(a, b)
    for column in range(4):
        expected = np.zeros(4)
        for picture in range(PICTURES):
            values = []
            for one in (a, b):
                top, bottom = one.numerator[:, column].sum(), one.denominator[:, column].sum()
                weight = one.denominator[picture, column] / bottom if bottom else 0
                share = one.numerator[picture, column] - (top / bottom if bottom else 0) * one.denominator[picture, column]
                values.append((share / bottom if bottom else 0, weight))
            (fa, da), (fb, db) = values
            expected += [fa * fb, fa * db, da * fb, da * db]
        assert [part[column] for part in found] == pytest.approx(expected, rel=1e-12, abs=1e-18)


def test_products_of_all_networks_are_those_of_every_two(rng):
    networks = [*two(rng), *two(rng)]

    def of_all(column):
        return Ratios(
            np.stack([one.numerator[:, column] for one in networks], axis=1),
            np.stack([one.denominator[:, column] for one in networks], axis=1),
            np.full(4, np.nan),
            np.ones(4),
        )

    found = all_products(of_all(column) for column in range(4))
    for a in range(4):
        for b in range(4):
            for one, other in zip(found.of(a, [b]), products(networks[a], networks[b]), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-18)
        for several in ([1, 3], [2, 0, 1]):
            expected = zip(*(found.of(a, [b]) for b in several), strict=True)
            for one, others in zip(found.of(a, several), expected, strict=True):
                np.testing.assert_array_equal(one, np.concatenate(others))


def p_value_of_a_loop(num_a, den_a, num_b, den_b, signs):
    """The paired test as its docstring defines it, from the pictures of one measure."""
    common = (num_a.sum() + num_b.sum()) / (den_a.sum() + den_b.sum())
    r_a, r_b = num_a - common * den_a, num_b - common * den_b
    f = r_a / den_a.sum() - r_b / den_b.sum()
    size = ((r_a**2).sum() + (r_b**2).sum()) / ((den_a**2).sum() + (den_b**2).sum())
    more = sum(
        (size * (den**2).sum() - (r**2).sum()) / den.sum() ** 2 for r, den in ((r_a, den_a), (r_b, den_b))
    )  # P − V of both networks
    scale = np.sqrt(max(1, 1 + more / (f**2).sum()))
    observed = abs(num_a.sum() / den_a.sum() - num_b.sum() / den_b.sum())
    far = sum(abs((line * f).sum()) * scale >= observed * (1 - 1e-9) - 1e-14 for line in signs)
    p = (1 + far) / (1 + len(signs))
    if far < permutation.FEW:
        p = min(p, max(2 * scipy.stats.norm.sf(observed / (np.sqrt((f**2).sum()) * scale)), permutation.SMALLEST_P))
    return p


@pytest.mark.parametrize("apart", [0.0, 0.4])
def test_p_value_of_sums_is_that_of_the_pictures(rng, apart):
    a, b = two(rng)
    a = a._replace(numerator=np.minimum(a.numerator + (rng.random(a.numerator.shape) < apart), a.denominator))
    sums = [signed_sums(one, seed=5, n_draws=300).shares(one.totals()) for one in (a, b)]
    found = paired_p_values(a.totals(), b.totals(), [tuple(sums)], products(a, b))
    signs = 2.0 * np.random.default_rng([5, 1]).integers(0, 2, (300, PICTURES)) - 1
    for column in range(3):
        expected = p_value_of_a_loop(*(part[:, column] for one in (a, b) for part in one[:2]), signs)
        assert found[column] == pytest.approx(expected, rel=1e-11)
    assert np.isnan(found[3])
    assert found[:3].min() < 0.05 if apart else found[:3].min() > 0.01


def test_signed_sums_add_up_over_parts(rng):
    values = rng.normal(size=(PICTURES, PARTS))
    weights = np.array([0.5, 2.0, 0.1])
    draws = {"seed": 1, "n_draws": 30}
    np.testing.assert_allclose(signed(values, **draws) @ weights, signed((values @ weights)[:, None], **draws)[:, 0])


def test_the_interval_of_a_difference_follows_from_sums(rng):
    """As of the pictures: MOVER with the correlation of the influences, in a loop."""
    a, b = two(rng)
    found = [intervals.intervals(one, level=0.9, seed=0, n_resamples=100) for one in (a, b)]
    low, high = difference_ends(a, b, *found)
    for column in range(3):
        influences = []
        for one in (a, b):
            num, den = one.numerator[:, column], one.denominator[:, column]
            influences.append((num - num.sum() / den.sum() * den) / den.sum())
        pictures = max(np.count_nonzero(one.denominator[:, column]) for one in (a, b))
        together = min(np.dot(*influences) / np.prod([np.linalg.norm(f) for f in influences]), 1 - 2 / pictures)
        (pa, la, ha), (pb, lb, hb) = ([part[column] for part in each[:3]] for each in found)
        below = np.sqrt((pa - la) ** 2 - 2 * together * (pa - la) * (hb - pb) + (hb - pb) ** 2)
        above = np.sqrt((ha - pa) ** 2 - 2 * together * (ha - pa) * (pb - lb) + (pb - lb) ** 2)
        assert (low[column], high[column]) == pytest.approx((pa - pb - below, pa - pb + above), rel=1e-12)
    assert np.isnan(low[3])


@pytest.mark.parametrize("cuts", [[], [13], [1, 2, 30]])
def test_powers_of_parts_of_the_pictures_make_the_totals_of_all(rng, cuts):
    """As of the pictures together, and to rounding even where all values are alike."""
    ratios = next(two(rng))
    alike = means(np.full((PICTURES, 1), 0.1) * ratios.denominator[:, :1], ratios.denominator[:, :1])
    for whole in (ratios, alike):
        parts = [
            powers(whole._replace(numerator=numerator, denominator=denominator))
            for numerator, denominator in zip(
                np.split(whole.numerator, cuts), np.split(whole.denominator, cuts), strict=True
            )
        ]
        found, expected = reduce(Powers.merged, parts).totals(whole.trials, whole.scale), whole.totals()
        for name, value in found._asdict().items():
            np.testing.assert_allclose(value, getattr(expected, name), rtol=1e-12, atol=1e-15, err_msg=name)


def test_powers_of_nothing_that_counts_have_no_totals():
    none = Ratios(np.zeros((3, 1)), np.zeros((3, 1)), np.ones(1), np.ones(1))
    some = Ratios(np.array([[1.0], [0.0]]), np.ones((2, 1)), np.ones(1), np.ones(1))
    assert np.isnan(powers(none).merged(powers(none)).totals(*none[2:]).squares).all()
    both = powers(none).merged(powers(some)).totals(*some[2:])
    assert both.squares.tolist() == some.totals().squares.tolist()
    assert both.counted.tolist() == [2]
