"""The paired test: against all signs, against all exchanges, and by how often it is wrong where networks are alike."""

from itertools import product

import numpy as np
import pytest
import scipy.stats

from shiftscope.statistics import bootstrap
from shiftscope.statistics.corrections import holm
from shiftscope.statistics.permutation import SMALLEST_P, paired_p_values, random_signs, signed, signed_sums
from shiftscope.statistics.products import products

from .conftest import latent, means, shares, two_networks
from .test_intervals import changes


def p_values(a, b, seed=0, n_draws=2000):
    draws = (signed_sums(one, seed=seed, n_draws=n_draws).shares(one.totals()) for one in (a, b))
    return paired_p_values(a.totals(), b.totals(), [tuple(draws)], products(a, b))


def test_p_value_agrees_with_all_exchanges_where_denominators_are_equal():
    rng, n = np.random.default_rng(1), 9
    den = rng.integers(1, 6, n).astype(float)
    num_a, num_b = rng.uniform(0, 1, n) * den + 0.5, rng.uniform(0, 1, n) * den
    distances = [
        abs(np.where(swaps, num_b, num_a).sum() - np.where(swaps, num_a, num_b).sum()) / den.sum()
        for swaps in product([False, True], repeat=n)
    ]
    exact = (np.array(distances) >= distances[0] - 1e-12).mean()
    a, b = (means(one[:, None], den[:, None]) for one in (num_a, num_b))
    assert 0.01 < exact < 0.5
    assert p_values(a, b, n_draws=20_000)[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


def test_p_value_agrees_with_all_signs_where_denominators_differ():
    rng, n = np.random.default_rng(2), 10
    den_a, den_b = rng.integers(1, 6, n).astype(float), rng.integers(0, 3, n).astype(float)
    num_a, num_b = rng.binomial(den_a.astype(int), 0.6), rng.binomial(den_b.astype(int), 0.3)
    common = (num_a.sum() + num_b.sum()) / (den_a.sum() + den_b.sum())
    r_a, r_b = num_a - common * den_a, num_b - common * den_b
    f = r_a / den_a.sum() - r_b / den_b.sum()
    assert f.sum() == pytest.approx(num_a.sum() / den_a.sum() - num_b.sum() / den_b.sum())
    size = ((r_a**2).sum() + (r_b**2).sum()) / ((den_a**2).sum() + (den_b**2).sum())
    expected, found = 0.0, 0.0
    for r, den in ((r_a, den_a), (r_b, den_b)):
        expected += size * (den**2).sum() / den.sum() ** 2
        found += (r**2).sum() / den.sum() ** 2
    scale = np.sqrt(max(1, 1 + (expected - found) / (f**2).sum()))
    distances = np.array([abs((f * signs).sum()) for signs in product([-1, 1], repeat=n)])
    exact = (scale * distances >= abs(f.sum()) - 1e-12).mean()
    a, b = shares(num_a[:, None], den_a[:, None]), shares(num_b[:, None], den_b[:, None])
    assert 0.01 < exact < 0.9
    assert p_values(a, b, n_draws=20_000)[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))


# Pictures, pairs of a picture, their correlation, accuracies of the two networks, the rate that both have.
ALIKE = [
    (400, 1, 0, (0.98, 0.22), 0.1),
    (400, 1, 0, (0.98, 0.22), 0.03),
    (1000, 1, 0, (0.98, 0.22), 0.1),
    (400, 1, 0, (0.9, 0.3), 0.1),
    (400, 1, 0, (0.98, 0.5), 0.1),
    (400, 8, 0.1, (0.98, 0.22), 0.1),
    (400, 8, 0.4, (0.98, 0.22), 0.03),
    (60, 8, 0.4, (0.9, 0.5), 0.3),
    (200, 1, 0, (1, 1), 0.05),
    (200, 8, 0.4, (1, 1), 0.1),
    (200, 8, 0.1, (1, 1), 0.95),
]


def simulated(case, cells=2_000_000, seed=3):
    n, pairs, alike, accuracies, rate = case
    drawn = two_networks(np.random.default_rng(seed), n, pairs, cells // (n * pairs), (rate, rate), alike, accuracies)
    return [shares(*one) for one in drawn]


def wrong(p, level):
    """Whether a test whose size is `level` would reject as seldom as this, in 99 of 100 simulations."""
    return (p <= level).sum() > scipy.stats.binom.ppf(0.99, len(p), level)


@pytest.mark.parametrize("case", ALIKE, ids=str)
def test_networks_with_equal_rates_are_told_apart_no_more_often_than_the_level(case):
    p = p_values(*simulated(case))
    assert not wrong(p, 0.05), (p <= 0.05).mean()
    assert not wrong(p, 0.001), (p <= 0.001).mean()


@pytest.mark.parametrize(("n", "pairs", "accuracies"), [(400, 1, (0.98, 0.22)), (100, 8, (0.98, 0.22)), (200, 8, (1, 1))])
def test_means_that_are_equal_are_told_apart_no_more_often_than_the_level(rng, n, pairs, accuracies):
    sets = 2_000_000 // (n * pairs)
    networks = []
    for score, accuracy in zip(latent(rng, n, pairs, sets, 0.4 if pairs > 1 else 0), accuracies, strict=True):
        right = (rng.random((n, sets)) < accuracy).astype(float)
        networks.append(means(changes(score).sum(1) * right, pairs * right))
    p = p_values(*networks)
    assert not wrong(p, 0.05), (p <= 0.05).mean()
    assert not wrong(p, 0.001), (p <= 0.001).mean()


def test_tables_of_networks_that_are_alike_have_a_significant_row_no_more_often_than_the_level():
    tables = [(case, simulated(case, cells=400 * 400, seed=seed)) for seed in range(12) for case in ALIKE[:5]]
    found = [holm(p_values(*networks)).min() <= 0.05 for _, networks in tables]
    assert sum(found) <= scipy.stats.binom.ppf(0.99, len(found), 0.05), sum(found)


@pytest.mark.parametrize("accuracies", [(1, 1), (0.98, 0.22)])
def test_rates_that_differ_are_found(accuracies):
    drawn = two_networks(np.random.default_rng(4), 400, 8, 200, (0.1, 0.25), 0.1, accuracies)
    p = p_values(*(shares(*one) for one in drawn))
    assert (p <= 0.001).mean() > 0.9


def test_p_values_of_the_null_are_uniform_with_equal_denominators(rng):
    n, sets = 60, 1500
    den = rng.integers(1, 9, (n, sets)).astype(float)
    hard = rng.normal(0, 3, (n, sets))
    a, b = (means(den * (hard + rng.standard_t(5, (n, sets))), den) for _ in range(2))
    assert scipy.stats.kstest(p_values(a, b), "uniform").pvalue > 0.01


def test_what_is_far_apart_has_the_smallest_p_value(rng):
    a, b = (means(rng.normal(by, 1, (100, 3)), np.ones((100, 3))) for by in (0, 50))
    assert (p_values(a, b) == SMALLEST_P).all()


def test_normal_tail_rejects_no_more_often_than_its_bound():
    rng, sets, n = np.random.default_rng(5), 20_000, 40
    den = rng.integers(4, 9, (n, sets)).astype(float)
    a, b = (means(den * rng.normal(size=(n, sets)), den) for _ in range(2))
    small = p_values(a, b)
    assert (small <= 0.001).sum() <= scipy.stats.binom.ppf(0.999, len(small), 0.001 * 1.6)
    assert (small < 1 / 2001).any(), "the tail was never used: this test shows nothing"


def test_exchanging_the_networks_changes_nothing_and_a_network_is_like_itself():
    a, b = simulated(ALIKE[3], cells=40_000)
    np.testing.assert_allclose(p_values(a, b), p_values(b, a))
    assert (p_values(a, a) == 1).all()


def test_nothing_that_counts_has_no_p_value():
    none, some = np.zeros((5, 1)), np.ones((5, 1))
    assert np.isnan(p_values(shares(none, none), shares(some, some))).all()
    empty = np.empty((0, 2))
    assert np.isnan(p_values(shares(empty, empty), shares(empty, empty))).all()


def test_draws_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    a, b = simulated(ALIKE[3], cells=40_000)
    whole = p_values(a, b, n_draws=50)
    assert len(np.unique(whole)) > 5
    monkeypatch.setattr(bootstrap, "CELLS_AT_A_TIME", 400 * 7)
    np.testing.assert_array_equal(whole, p_values(a, b, n_draws=50))


@pytest.mark.parametrize("pictures", [40, 7])
def test_signs_are_even_and_of_each_picture_by_itself(pictures, monkeypatch):
    monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", pictures)
    signs = np.concatenate([np.concatenate(list(chunks)) for chunks in random_signs(40, 3000, seed=2)], axis=1)
    assert set(np.unique(signs)) == {-1, 1}
    assert abs(np.cov(signs.T, bias=True) - np.eye(40)).max() < 0.1
    values = np.random.default_rng(1).normal(size=(40, 3))
    np.testing.assert_allclose(signed(values, seed=2, n_draws=3000), signs @ values, atol=1e-12)
