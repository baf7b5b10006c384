"""Statistics against other ways to the same number, against exact enumeration, and by how often they are right."""

from itertools import product

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from shiftscope import statistics
from shiftscope.statistics import (
    SMALLEST_P,
    benjamini_hochberg,
    bootstrap_ratios,
    holm,
    paired_differences,
    resampling_weights,
    wasserstein_uniform,
)

UNIT = st.floats(0, 1, allow_subnormal=False)


def images(rng, n, sets, frames=20, spread=2.0):
    """Frames of one image go together: (successes, frames) per image, (n, sets), of a mean of .5."""
    chance = rng.beta(1 / spread, 1 / spread, (n, sets))
    return rng.binomial(frames, chance).astype(float), np.full((n, sets), float(frames))


# -- intervals ---------------------------------------------------------------------------------------------------------


def test_weights_are_those_of_drawing_with_replacement_and_repeat_themselves(monkeypatch):
    whole = np.concatenate(list(resampling_weights(40, 3000, seed=3)))
    assert (whole.sum(1) == 40).all()
    assert abs(whole.mean(0) - 1).max() < 0.1
    assert whole.var() == pytest.approx(1 - 1 / 40, abs=0.02)
    np.testing.assert_array_equal(whole, np.concatenate(list(resampling_weights(40, 3000, seed=3))))
    assert (whole != np.concatenate(list(resampling_weights(40, 3000, seed=4)))).any()
    monkeypatch.setattr(statistics, "CELLS_AT_A_TIME", 130)
    chunks = list(resampling_weights(40, 10, seed=3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert len(np.unique(np.concatenate(chunks), axis=0)) == 10
    assert all((chunk.sum(1) == 40).all() and chunk.var() > 0.5 for chunk in chunks)


def test_interval_agrees_with_the_bootstrap_of_scipy():
    rng = np.random.default_rng(0)
    denominator = rng.integers(1, 9, 80).astype(float)
    numerator = rng.binomial(denominator.astype(int), rng.beta(1, 3, 80)).astype(float)
    estimate, low, high = bootstrap_ratios(numerator[:, None], denominator[:, None], seed=1, level=0.9, n_resamples=20_000)
    other = scipy.stats.bootstrap(
        (numerator, denominator), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, vectorized=True,
        n_resamples=20_000, method="percentile", confidence_level=0.9, rng=np.random.default_rng(2),
    ).confidence_interval  # fmt: skip
    assert estimate[0] == numerator.sum() / denominator.sum()
    assert (low[0], high[0]) == pytest.approx((other.low, other.high), abs=0.003)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_intervals_over_images_cover_as_often_as_they_say_and_those_over_frames_do_not(level):
    sets = 1000
    numerator, denominator = images(np.random.default_rng(5), 80, sets)
    _, low, high = bootstrap_ratios(numerator, denominator, seed=0, level=level, n_resamples=1000)
    covered = int(((low <= 0.5) & (high >= 0.5)).sum())
    # 1.5 points for the percentile bootstrap of 80 images, and 3 standard errors of the simulation.
    assert abs(covered / sets - level) < 0.015 + 3 * np.sqrt(level * (1 - level) / sets)
    frames = [
        scipy.stats.binomtest(int(k), int(n)).proportion_ci(level, "wilson")
        for k, n in zip(numerator.sum(0), denominator.sum(0), strict=True)
    ]
    naive = sum(one.low <= 0.5 <= one.high for one in frames)
    assert naive / sets < level - 0.2


def test_interval_of_difference_covers_as_often_as_it_says():
    rng, sets = np.random.default_rng(6), 500
    (num, den), (gain, _) = images(rng, 80, sets), images(rng, 80, sets, frames=4)
    found = paired_differences((num + gain, den), (num, den), seed=0, n_resamples=500)
    covered = ((found.low <= 0.1) & (found.high >= 0.1)).mean()
    assert abs(covered - 0.95) < 0.015 + 3 * np.sqrt(0.95 * 0.05 / sets)


def test_what_the_data_do_not_determine_is_nan():
    # Columns: nothing counts; one image counts; two do.
    numerator = np.array([[0.0, 1, 1], [0, 0, 2], [0, 0, 0]])
    denominator = np.array([[0.0, 2, 2], [0, 0, 2], [0, 0, 0]])
    estimate, low, high = bootstrap_ratios(numerator, denominator, seed=0)
    np.testing.assert_array_equal(estimate, [np.nan, 0.5, 0.75])
    np.testing.assert_array_equal(np.isnan([low, high]), [[True, True, False]] * 2)
    found = paired_differences((numerator, denominator), (numerator * 0, denominator), seed=0)
    np.testing.assert_array_equal(np.isnan(found.estimate), [True, False, False])
    np.testing.assert_array_equal(np.isnan(found.p_value), [True, False, False])
    np.testing.assert_array_equal(np.isnan([found.low, found.high]), [[True, True, False]] * 2)
    none = np.empty((0, 2))
    assert np.isnan(bootstrap_ratios(none, none, seed=0)).all()
    assert np.isnan(paired_differences((none, none), (none, none), seed=0)).all()


# -- paired tests ------------------------------------------------------------------------------------------------------


def test_p_value_agrees_with_all_exchanges():
    rng, n = np.random.default_rng(1), 9
    den_a, den_b = rng.integers(1, 6, (2, n)).astype(float)
    num_a, num_b = rng.uniform(0, 1, n) * den_a + 1, rng.uniform(0, 1, n) * den_b
    distances = []
    for swaps in product([False, True], repeat=n):
        first = np.where(swaps, num_b, num_a).sum() / np.where(swaps, den_b, den_a).sum()
        second = np.where(swaps, num_a, num_b).sum() / np.where(swaps, den_a, den_b).sum()
        distances.append(abs(first - second))
    exact = (np.array(distances) >= distances[0] - 1e-12).mean()
    found = paired_differences(
        (num_a[:, None], den_a[:, None]), (num_b[:, None], den_b[:, None]), seed=0, n_resamples=20_000
    )
    assert 0.01 < exact < 0.5
    assert found.p_value[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    assert found.estimate[0] == pytest.approx(num_a.sum() / den_a.sum() - num_b.sum() / den_b.sum())


def null_p_values(sets, n=40, seed=0, shift=0.0):
    """Two networks on the same images of differing size, equal but for `shift`; hard images are hard for both."""
    rng = np.random.default_rng(seed)
    den = rng.integers(1, 9, (n, sets)).astype(float)
    hard = rng.normal(0, 3, (n, sets))
    a, b = (den * (hard + rng.standard_t(5, (n, sets)) + by) for by in (shift, 0.0))
    return paired_differences((a, den), (b, den), seed=seed).p_value


def test_p_values_are_uniform_where_nothing_differs_and_small_where_something_does():
    assert scipy.stats.kstest(null_p_values(600), "uniform").pvalue > 0.01
    shifted = null_p_values(100, shift=1.5)
    assert np.median(shifted) < 0.001
    assert (null_p_values(3, n=100, shift=50) == SMALLEST_P).all()


def test_normal_tail_rejects_no_more_often_than_its_bound():
    small = np.concatenate([null_p_values(500, n=30, seed=seed) for seed in range(20)])
    assert (small <= 0.001).sum() <= scipy.stats.binom.ppf(0.999, len(small), 0.001 * 1.6)
    assert (small < 1 / 2001).any(), "the tail was never used: this test shows nothing"


def test_exchanging_the_networks_turns_the_sign():
    rng = np.random.default_rng(2)
    a, b = images(rng, 30, 6), images(rng, 30, 6)
    one, other = paired_differences(a, b, seed=0), paired_differences(b, a, seed=0)
    np.testing.assert_allclose(one.estimate, -other.estimate)
    np.testing.assert_allclose([one.low, one.high], [-other.high, -other.low])
    np.testing.assert_allclose(one.p_value, other.p_value)
    same = paired_differences(a, a, seed=0)
    assert (same.p_value == 1).all()
    np.testing.assert_array_equal([same.estimate, same.low, same.high], 0)


# -- corrections -------------------------------------------------------------------------------------------------------


def test_corrections_by_hand():
    p = [0.01, None, 0.04, 0.03, float("nan"), 0.005]
    nan = np.nan
    # Holm: .005·4, .01·3, .03·2, then .04·1 raised to .06. Benjamini–Hochberg: .005·4/1, .01·4/2, .03·4/3 → .04·4/4.
    np.testing.assert_allclose(holm(p), [0.03, nan, 0.06, 0.06, nan, 0.02])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, nan, 0.04, 0.04, nan, 0.02])
    np.testing.assert_array_equal(holm([0.9, 0.8]), [1, 1])


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@given(p=st.lists(UNIT, min_size=1, max_size=12), unknown=st.integers(0, 3))
def test_corrections_keep_the_order_and_never_make_smaller(correct, p, unknown):
    found = correct(p + [np.nan] * unknown)
    assert np.isnan(found[len(p) :]).all()
    found = found[: len(p)]
    np.testing.assert_array_equal(found, correct(p))
    assert (found >= np.array(p) - 1e-12).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(p)]) >= -1e-12).all()


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[], [None], [np.nan, np.nan]])
def test_corrections_of_nothing(correct, p):
    assert np.isnan(correct(p)).all()
    assert len(correct(p)) == len(p)


# -- uniformity --------------------------------------------------------------------------------------------------------


@given(st.lists(UNIT, min_size=1, max_size=30))
def test_wasserstein_agrees_with_scipy_on_a_grid(values):
    grid = (np.arange(5000) + 0.5) / 5000
    found = wasserstein_uniform(values)
    assert found == pytest.approx(scipy.stats.wasserstein_distance(values, grid), abs=2e-4)
    assert 0 < found <= 0.5
    assert found == pytest.approx(wasserstein_uniform([1 - value for value in values]), abs=1e-12)


def test_wasserstein_by_hand():
    assert wasserstein_uniform([0.5] * 7) == 0.25
    assert wasserstein_uniform([0.0] * 7) == 0.5
    assert wasserstein_uniform([1.0]) == 0.5
    assert wasserstein_uniform((np.arange(100) + 0.5) / 100) == pytest.approx(1 / 400)


@pytest.mark.parametrize("function", [wasserstein_uniform])
def test_uniformity_of_nothing_is_an_error(function):
    with pytest.raises(ValueError, match="needs values"):
        function([])
