"""Intervals of sums and differences of several ratios: against the interval of two, and against how often they cover."""

import numpy as np
import pytest

from shiftscope.statistics.combinations import combination_interval
from shiftscope.statistics.intervals import intervals
from shiftscope.statistics.ratios import Ratios

from .conftest import difference_ends

STEPS = 8


def shares(events):
    """(pictures, networks) numbers of events in STEPS pairs each, as ratios."""
    pictures, networks = events.shape
    trials = np.full(networks, float(pictures * STEPS))
    return Ratios(events.astype(float), np.full(events.shape, float(STEPS)), trials, np.ones(networks))


def combined(coefficients, ratios):
    found = intervals(ratios, level=0.95, seed=0, n_resamples=100)
    return combination_interval(np.array(coefficients), *found[:3], ratios.influence())


def test_of_two_ratios_it_is_the_interval_of_the_difference():
    rng = np.random.default_rng(0)
    events = rng.binomial(STEPS, np.clip(rng.normal(0.3, 0.2, (60, 1)) + np.array([0, 0.1]), 0.01, 0.99))
    both = shares(events)
    one, other = (both.columns(np.arange(2) == k) for k in range(2))
    found = [intervals(each, level=0.95, seed=0, n_resamples=100) for each in (one, other)]
    low, high = difference_ends(one, other, *found)
    value, below, above = combined([1.0, -1.0], both)
    assert value == pytest.approx(events[:, 0].mean() / STEPS - events[:, 1].mean() / STEPS)
    assert (below, above) == pytest.approx((low[0], high[0]))


def test_a_single_ratio_keeps_its_own_interval_and_a_negative_one_is_turned_around():
    ratios = shares(np.random.default_rng(1).binomial(STEPS, 0.2, (40, 1)))
    found = intervals(ratios, level=0.95, seed=0, n_resamples=100)
    assert combined([1.0], ratios) == pytest.approx((found.estimate[0], found.low[0], found.high[0]))
    assert combined([-0.5], ratios) == pytest.approx(
        tuple(-0.5 * end[0] for end in (found.estimate, found.high, found.low))
    )


def test_the_difference_of_two_gains_covers_the_truth_about_as_often_as_it_says():
    rng, truth, inside, width = np.random.default_rng(2), np.array([0.3, 0.1, 0.25, 0.2]), 0, []
    coefficients = [1.0, -1.0, -1.0, 1.0]
    for _ in range(400):
        common = rng.normal(0, 0.08, (100, 1))  # pictures on which every network changes more
        ratios = shares(rng.binomial(STEPS, np.clip(truth + common, 0, 1)))
        _, low, high = combined(coefficients, ratios)
        inside += low <= float(np.array(coefficients) @ truth) <= high
        width.append(high - low)
    assert 0.92 <= inside / 400 <= 0.995
    # The negative control: without the pairing the interval would be wider.
    found = intervals(ratios, level=0.95, seed=0, n_resamples=100)
    apart = combination_interval(np.array(coefficients), *found[:3], np.diag(ratios.influence().std(0)).repeat(25, 0))
    assert apart[2] - apart[1] > np.mean(width)


def test_an_end_that_is_not_known_makes_none_known():
    influence = np.eye(4)[:, :2]
    value, low, high = combination_interval(
        np.array([1.0, 1.0]), np.array([0.5, 0.2]), np.array([0.4, np.nan]), np.array([0.6, np.nan]), influence
    )
    assert value == 0.7
    assert np.isnan([low, high]).all()
