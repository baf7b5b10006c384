"""Intervals of shares: by SciPy, by hand, and by how often they cover the true rate."""

import numpy as np
import pytest
import scipy.stats

from shiftscope.statistics.proportions import wilson

from .conftest import share_ends, shares


def beta_binomial(rng, n, pairs, sets, rate, alike):
    """Events among `pairs` pairs of each of n pictures, (n, sets); `alike` is their correlation within a picture."""
    if not alike:
        return rng.binomial(pairs, rate, (n, sets))
    strength = (1 - alike) / alike
    return rng.binomial(pairs, rng.beta(rate * strength, (1 - rate) * strength, (n, sets)))


@pytest.mark.parametrize(("events", "trials"), [(0, 30), (3, 30), (30, 30), (250, 1000)])
def test_wilson_agrees_with_scipy(events, trials):
    expected = scipy.stats.binomtest(events, trials).proportion_ci(0.9, "wilson")
    low, high = wilson(np.array(events / trials), np.array(float(trials)), scipy.stats.norm.ppf(0.95))
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize(("pairs", "alike"), [(1, 0.0), (8, 0.0), (8, 0.1), (8, 0.4)])
def test_intervals_cover_rare_and_common_events_as_often_as_they_say(rng, n, pairs, alike):
    sets = 2000
    for rate in (0.015, 0.05, 0.1, 0.3, 0.5):
        events = beta_binomial(rng, n, pairs, sets, rate, alike)
        low, high = share_ends(shares(events, np.full(events.shape, pairs)), 0.95)
        covered = ((low <= rate) & (rate <= high)).mean()
        # .92 is what is promised; 2.33 standard errors of the simulation below it, it is told from .91 and less.
        assert covered > 0.92 - 2.33 * np.sqrt(0.92 * 0.08 / sets), (rate, covered)
        assert covered < 0.995, (rate, covered)


def test_intervals_cover_where_pictures_count_with_different_numbers_of_pairs(rng):
    n, sets = 60, 2000
    for rate in (0.03, 0.1, 0.5):
        counted = rng.binomial(8, rng.beta(0.5, 0.4, (n, sets)))
        events = rng.binomial(counted, rng.beta(rate * 9, (1 - rate) * 9, (n, sets)))
        low, high = share_ends(shares(events, counted), 0.95)
        assert 0.92 < ((low <= rate) & (rate <= high)).mean() < 0.995


def test_no_event_and_nothing_but_events_have_intervals_with_a_width():
    none = np.zeros((30, 1))
    low, high = share_ends(shares(none, none + 8), 0.95)
    # Wilson's interval of 0 among 30 is z² ÷ (30 + z²), with Student's quantile for z.
    squared = scipy.stats.t.ppf(0.975, 29) ** 2
    assert (low[0], high[0]) == pytest.approx((0, squared / (30 + squared)))
    mirrored = share_ends(shares(none + 8, none + 8), 0.95)
    assert (mirrored[0][0], mirrored[1][0]) == pytest.approx((1 - high[0], 1 - low[0]))


def test_pairs_of_a_picture_that_are_alike_count_as_one(rng):
    answers = rng.binomial(1, 0.3, (400, 1))
    once = share_ends(shares(answers, np.ones_like(answers)), 0.95)
    eight = share_ends(shares(8 * answers, np.full_like(answers, 8)), 0.95)
    assert (eight[1] - eight[0])[0] == pytest.approx((once[1] - once[0])[0], rel=0.02)
    apart = share_ends(shares(rng.binomial(8, 0.3, (400, 1)), np.full_like(answers, 8)), 0.95)
    assert (apart[1] - apart[0])[0] == pytest.approx((once[1] - once[0])[0] / np.sqrt(8), rel=0.1)


def test_a_count_of_all_events_has_the_interval_of_the_share_times_the_trials(rng):
    events = rng.binomial(8, 0.2, (50, 1)).astype(float)
    share = shares(events, np.full_like(events, 8))
    total = shares(events, np.full_like(events, 1 / 50), trials=400)._replace(scale=np.array([400.0]))
    np.testing.assert_allclose(share_ends(total, 0.9), np.array(share_ends(share, 0.9)) * 400)
    assert total.estimate[0] == events.sum()


def test_a_picture_alone_has_no_interval():
    events, counted = np.array([[0.0, 1], [0, 1]]), np.array([[0.0, 2], [2, 2]])
    low, high = share_ends(shares(events, counted), 0.95)
    assert np.isnan([low[0], high[0]]).all()
    assert 0 < low[1] < 0.5 < high[1] < 1
