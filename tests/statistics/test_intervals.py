"""Intervals of means and of differences: by how often they cover what is true, and by what they do not answer."""

import numpy as np
import pytest
from scipy.stats import norm

from shiftscope.statistics import bootstrap, intervals
from shiftscope.statistics.bootstrap import FEWEST_PICTURES, resampling_weights

from .conftest import difference_ends, latent, mean_ends, means, share_ends, shares, two_networks


def weights_of(n, n_resamples, seed):
    """All weights, (resamples, n)."""
    of_blocks = [np.concatenate(list(chunks)) for chunks in resampling_weights(n, n_resamples, seed)]
    return np.concatenate(of_blocks, axis=1)


@pytest.mark.parametrize("pictures", [40, 15, 1])
def test_weights_are_those_of_drawing_with_replacement_and_repeat_themselves(pictures, monkeypatch):
    """In one block of pictures and in several."""
    monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", pictures)
    whole = weights_of(40, 3000, seed=3)
    assert whole.shape == (3000, 40)
    assert (whole.sum(1) == 40).all()
    assert abs(whole.mean(0) - 1).max() < 0.1
    covariance = np.cov(whole.T, bias=True)  # of a multinomial distribution: 1 − 1 ÷ 40, and −1 ÷ 40 between pictures
    assert abs(np.diag(covariance) - (1 - 1 / 40)).max() < 0.15
    assert abs(covariance - np.eye(40) + 1 / 40).max() < 0.15
    for start in range(0, 40, pictures):  # what blocks have together
        block = whole[:, start : start + pictures]
        share = block.shape[1] / 40
        assert block.sum(1).var() == pytest.approx(40 * share * (1 - share), rel=0.1)
    np.testing.assert_array_equal(whole, weights_of(40, 3000, seed=3))
    assert (whole != weights_of(40, 3000, seed=4)).any()


def test_the_first_weights_of_few_pictures_are_those_of_numpys_generator():
    rng = np.random.default_rng(3)
    expected = [np.bincount(rng.integers(0, 40, 40), minlength=40) for _ in range(5)]
    np.testing.assert_array_equal(weights_of(40, 5, seed=3), expected)


def test_weights_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", 25)
    whole = weights_of(40, 10, seed=3)
    monkeypatch.setattr(bootstrap, "CELLS_AT_A_TIME", 80)
    chunks = [list(one) for one in resampling_weights(40, 10, seed=3)]
    assert [[one.shape for one in block] for block in chunks] == [[(3, 25)] * 3 + [(1, 25)], [(5, 15)] * 2]
    np.testing.assert_array_equal(weights_of(40, 10, seed=3), whole)
    assert len(np.unique(whole, axis=0)) == 10


def test_sums_over_resamples_are_those_of_the_weights(monkeypatch):
    values = np.random.default_rng(1).normal(size=(40, 3))
    for pictures in (40, 7):
        monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", pictures)
        expected = np.concatenate([values.sum(0)[None], weights_of(40, 50, seed=3) @ values])
        np.testing.assert_allclose(bootstrap.resampled(values, seed=3, n_resamples=50), expected, atol=1e-12)


def test_interval_of_a_mean_is_that_of_a_loop_over_resamples():
    rng = np.random.default_rng(0)
    denominator = rng.integers(1, 9, 80).astype(float)
    numerator = denominator * rng.beta(0.5, 4, 80)

    def ratio_and_error(num, den):
        estimate = num.sum() / den.sum()
        return estimate, np.sqrt(((num - estimate * den) ** 2).sum()) / den.sum()

    estimate, error = ratio_and_error(numerator, denominator)
    distances = []
    for _ in range(8000):
        drawn = rng.integers(0, 80, 80)
        other, its_error = ratio_and_error(numerator[drawn], denominator[drawn])
        distances.append((other - estimate) / its_error)
    expected = estimate - np.quantile(distances, [0.95, 0.05]) * error
    found = mean_ends(means(numerator[:, None], denominator[:, None]), 0.9, seed=1, n_resamples=8000)
    assert np.ravel(found) == pytest.approx(expected, rel=0.02)


def changes(score):
    """Absolute changes of a probability: mostly small, a few large, as they are where an answer flips."""
    u = norm.cdf(score)
    return np.where(u > 0.93, 0.2 + 0.7 * (u - 0.93) / 0.07, 0.05 * u)


TRUE_CHANGE = 0.07 * 0.55 + 0.05 * 0.93**2 / 2  # ∫ of the above


@pytest.mark.parametrize(("n", "pairs"), [(50, 1), (200, 1), (30, 8), (200, 8)])
def test_intervals_of_skewed_means_cover_as_often_as_they_say(rng, n, pairs):
    sets = 1000
    score, _ = latent(rng, n, pairs, sets, 0.4 if pairs > 1 else 0)
    moved = changes(score).sum(1)
    low, high = mean_ends(means(moved, np.full(moved.shape, float(pairs))), 0.95, seed=0, n_resamples=1000)
    assert (low >= 0).all()
    covered = ((low <= TRUE_CHANGE) & (high >= TRUE_CHANGE)).mean()
    assert covered > 0.92 - 2.33 * np.sqrt(0.92 * 0.08 / sets)
    assert covered < 0.99


@pytest.mark.parametrize(("n", "pairs", "alike"), [(30, 1, 0.0), (200, 1, 0.0), (30, 8, 0.4), (200, 8, 0.1)])
@pytest.mark.parametrize("together", [0, 0.7, 0.97])
def test_intervals_of_differences_cover_as_often_as_they_say(rng, n, pairs, alike, together):
    sets = 1000
    for rates in ((0.015, 0.015), (0.05, 0.1), (0.3, 0.4), (0.97, 0.9)):
        drawn = two_networks(rng, n, pairs, sets, rates, alike, together=together)
        a, b = (shares(*one) for one in drawn)
        found = [intervals.intervals(one, level=0.95, seed=0, n_resamples=100) for one in (a, b)]
        low, high = difference_ends(a, b, *found)
        covered = ((low <= rates[0] - rates[1]) & (high >= rates[0] - rates[1])).mean()
        assert covered > 0.925 - 2.33 * np.sqrt(0.075 * 0.925 / sets), (rates, covered)


def test_differences_of_means_cover_as_often_as_they_say_and_are_shorter_for_the_pairing(rng):
    n, sets = 100, 600
    a, b = (means(changes(score).sum(1), np.full((n, sets), 8.0)) for score in latent(rng, n, 8, sets, 0.4, 0.6))
    found = [intervals.intervals(one, level=0.95, seed=0, n_resamples=600) for one in (a, b)]
    low, high = difference_ends(a, b, *found)
    covered = ((low <= 0) & (high >= 0)).mean()
    assert abs(covered - 0.95) < 0.015 + 3 * np.sqrt(0.95 * 0.05 / sets)
    shuffled = b._replace(numerator=b.numerator[rng.permutation(n)])
    unpaired = difference_ends(a, shuffled, *found)
    assert (high - low).mean() < 0.9 * (unpaired[1] - unpaired[0]).mean()


def test_what_the_data_do_not_determine_has_no_interval_and_a_reason():
    n = FEWEST_PICTURES
    numerator = np.linspace(0, 1, n)[:, None] * np.ones(4)
    denominator = np.ones((n, 4))
    denominator[:, 0] = numerator[:, 0] = 0  # nothing counts
    denominator[0, 1] = numerator[0, 1] = 0  # one too few counts
    numerator[:, 2] = 0.25  # all alike
    found = intervals.intervals(means(numerator, denominator), level=0.95, seed=0, n_resamples=200)
    assert found.reason == [intervals.NOTHING, intervals.FEW, intervals.EQUAL, None]
    np.testing.assert_array_equal(np.isnan([found.low, found.high]), [[True, True, True, False]] * 2)
    np.testing.assert_array_equal(np.isnan(found.estimate), [True, False, False, False])
    single = intervals.intervals(shares(np.array([[0.0]]), np.array([[2.0]])), level=0.95, seed=0, n_resamples=200)
    assert single.reason == [intervals.SINGLE]
    assert single.estimate == 0
    none = np.empty((0, 2))
    assert intervals.intervals(shares(none, none), level=0.95, seed=0, n_resamples=9).reason == [intervals.NOTHING] * 2
    assert intervals.intervals(means(none, none), level=0.95, seed=0, n_resamples=9).reason == [intervals.NOTHING] * 2


def test_a_mean_that_one_picture_makes_up_has_no_interval():
    moved = np.zeros((FEWEST_PICTURES, 1))
    moved[3] = 0.7
    found = intervals.intervals(means(moved, np.ones_like(moved)), level=0.95, seed=0, n_resamples=2000)
    assert found.reason == [intervals.EQUAL]


def test_shares_and_means_side_by_side_are_those_alone(rng):
    events, moved = rng.binomial(8, 0.2, (50, 1)).astype(float), rng.random((50, 1))
    eight, ones = np.full((50, 1), 8.0), np.ones((50, 1))
    both = shares(np.hstack([events, moved]), np.hstack([eight, ones]))._replace(trials=np.array([400, np.nan]))
    found = intervals.intervals(both, level=0.9, seed=2, n_resamples=300)
    assert [found.low[0], found.high[0]] == pytest.approx(np.ravel(share_ends(shares(events, eight), 0.9)))
    alone = mean_ends(means(moved, ones), 0.9, seed=2, n_resamples=300)
    assert [found.low[1], found.high[1]] == pytest.approx(np.ravel(alone))


def test_networks_that_answered_alike_may_still_differ(rng):
    events = rng.binomial(1, 0.5, (100, 1)).astype(float)
    one = shares(events, np.ones_like(events))
    found = intervals.intervals(one, level=0.95, seed=0, n_resamples=100)
    low, high = difference_ends(one, one, found, found)
    # None of 100 pictures told them apart: a rate of 3 in 100 would have shown with probability .95.
    assert -0.05 < low[0] < -0.01
    assert high[0] == pytest.approx(-low[0], abs=0.005)
