"""Whether series repeat, of series of which that is known."""

from functools import partial

import numpy as np
import pytest

from shiftscope.cause import repetition
from shiftscope.cause.repetition import p_value, peak_weights, periodic_share, spectrum


def test_the_spectrum_sums_to_one_and_knows_a_period():
    rng = np.random.default_rng(0)
    for length in (12, 15, 16):
        assert spectrum(rng.normal(size=(5, length))).sum(1) == pytest.approx(np.ones(5))
    repeated = np.tile(rng.normal(size=8), 8)
    assert periodic_share(repeated, 8) > 0.95
    assert periodic_share(np.arange(64.0), 8) == 0  # a drift does not repeat
    shares = periodic_share(rng.normal(size=(4000, 64)), 8)
    assert shares.mean() == pytest.approx(8 / 64, abs=0.02)


def test_shuffled_shifts_are_the_null_of_the_period(monkeypatch):
    """P(p ≤ .1) where nothing repeats; and a period that is there is found."""
    monkeypatch.setattr(repetition, "SHUFFLES", 199)
    rng = np.random.default_rng(1)
    share = partial(periodic_share, period=8)
    values = [p_value(rng.normal(size=(3, 32)), share, np.random.default_rng(k)) for k in range(100)]
    assert np.mean(np.array(values) <= 0.1) <= 0.19  # 10 ± 3 standard errors of 100
    signal = np.tile(rng.normal(size=8), 4) + 0.7 * rng.normal(size=(3, 32))
    assert p_value(signal, share, rng) < 0.05


SHIFTS = np.arange(64.0)
SMOOTH = {
    "line": -SHIFTS,
    "parabola": -(SHIFTS**2),
    "decay": np.exp(-SHIFTS / 5),
    "slow decay": np.exp(-SHIFTS / 40),
    "bell": np.exp(-((SHIFTS / 30) ** 2)),
    "root": -np.sqrt(SHIFTS),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("period", [4, 16, 32])
def test_smooth_curves_have_no_period(name, period):
    """Whatever their bend: neither test may take a fall for a repetition."""
    rng = np.random.default_rng(0)
    curve = SMOOTH[name] / SMOOTH[name].std()
    series = curve + 0.1 * rng.normal(size=(40, 64))
    weights = peak_weights(64, period)
    assert abs(curve @ weights) < 0.05
    assert p_value(series, lambda values: values @ weights, rng) > 0.05
    assert p_value(series, partial(periodic_share, period=period), rng) > 0.05


@pytest.mark.parametrize("period", [2, 3, 4, 16, 32])
def test_a_period_on_a_fall_is_found(period):
    rng = np.random.default_rng(0)
    cusps = -np.abs(np.sin(np.pi * SHIFTS / period))
    series = SMOOTH["slow decay"] + 0.3 * cusps + 0.1 * rng.normal(size=(40, 64))
    length = 64 // period * period
    weights = peak_weights(length, period)
    assert (series[:, :length] @ weights).mean() > 0.03
    assert p_value(series[:, :length], lambda values: values @ weights, rng) < 0.05
    assert p_value(series[:, :length], partial(periodic_share, period=period), rng) == 0.001


@pytest.mark.parametrize(("length", "period"), [(64, 16), (12, 4), (9, 3), (4, 2), (64, 32)])
def test_a_peak_is_what_stands_above_a_parabola_through_its_neighbours(length, period):
    series = np.random.default_rng(1).normal(size=length)
    heights = []
    for place in range(period, length, period):
        half = period // 2
        if place + half >= length:
            continue
        neighbours = [k for k in range(place - half, place + half + 1) if k != place]
        degree = min(2, len(neighbours) - 1)
        heights.append(series[place] - np.polyval(np.polyfit(neighbours, series[neighbours], degree), place))
    assert series @ peak_weights(length, period) == pytest.approx(np.mean(heights))


def test_the_periodic_share_is_that_of_the_spectrum():
    series = np.random.default_rng(2).normal(size=(6, 24))
    for period in (2, 3, 8, 12):
        at = spectrum(series)[:, 24 // period - 1 :: 24 // period]
        assert periodic_share(series, period) == pytest.approx(at.sum(1))
    assert periodic_share(np.zeros(24), 8) == 0


def test_the_p_value_is_that_of_a_loop_over_shuffles(monkeypatch):
    monkeypatch.setattr(repetition, "SHUFFLES", 61)
    series = np.tile(np.random.default_rng(3).normal(size=8), 4) + 6 * np.random.default_rng(4).normal(size=(5, 32))
    share, rng = partial(periodic_share, period=8), np.random.default_rng(6)
    reached = 0
    for _ in range(61):
        shuffled = series.copy()
        rng.permuted(series[:, 1:], axis=1, out=shuffled[:, 1:])
        reached += share(shuffled).mean() >= share(series).mean()
    assert 5 < reached < 56
    assert p_value(series, share, np.random.default_rng(6)) == (1 + reached) / 62
