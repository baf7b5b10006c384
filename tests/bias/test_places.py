"""Boxes with few places: against slow loops, exact distributions, and calibrated where all places are equally likely."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom, binomtest, kstest, wasserstein_distance

from shiftscope.bias import chance
from shiftscope.bias import places as module
from shiftscope.bias.chance import p_value
from shiftscope.bias.places import Places, count, distances, distances_of_two, feasible
from shiftscope.statistics import binned
from shiftscope.statistics.binned import CELLS, SIDE
from shiftscope.statistics.uniformity import FEW, NULL_DRAWS, multipliers, sign_flip_p


def spread(k, m):
    return Places(np.asarray(k) / m, (np.asarray(k) + 1) / m)


def mixed(rng, n=40):
    """Boxes with 2 to 60 places, and some that are off whole pixels."""
    m = rng.integers(2, 60, n)
    places = spread(rng.integers(m), m)
    places.end[::4] = places.start[::4] = rng.uniform(size=len(places.start[::4]))
    return places


def distribution(places, x):
    """F just below and at x, by a loop over boxes."""
    below, at = [], []
    for start, end in zip(places.start, places.end, strict=True):
        if start == end:
            below.append(float(start < x))
            at.append(float(start <= x))
        else:
            below.append(min(max((x - start) / (end - start), 0), 1))
            at.append(below[-1])
    return np.mean(below), np.mean(at)


def in_cells(places, side):
    return count(np.zeros(len(places.start), dtype=int), [places], side, 1)[0]


def in_plane(x, y, side):
    return count(np.zeros(len(x.start), dtype=int), [x, y], side, 1)[0]


def test_every_place_of_a_box_on_whole_pixels_has_the_same_share_of_0_to_1():
    low = np.arange(4.0)  # 4 places for 7 of 10 px
    places = feasible(low, low + 7, np.full(4, 10.0))
    np.testing.assert_allclose(places.start, [0, 1 / 4, 2 / 4, 3 / 4])
    np.testing.assert_allclose(places.end, [1 / 4, 2 / 4, 3 / 4, 1])
    off = feasible(low[:3] + 0.5, low[:3] + 7.5, np.full(3, 10.0))
    assert not off.spread
    np.testing.assert_allclose(off.start, np.array([0.5, 1.5, 2.5]) / 3)
    assert np.isnan(feasible(np.zeros(1), np.ones(1), np.ones(1)).start)
    both = feasible(np.array([0, 0.5, 1]), np.array([10, 7.5, 8]), np.full(3, 10.0))
    assert np.isnan(both.start[0])
    assert both.end[1] == both.start[1] == pytest.approx(0.5 / 3)
    assert (both.start[2], both.end[2]) == pytest.approx((1 / 4, 2 / 4))


def test_parts_of_boxes_in_cells_are_those_of_exact_fractions(monkeypatch):
    for m in (2, 3, 5, 31, 33, 100):
        k = np.arange(m)
        found = count(k, [spread(k, m)], CELLS, m)
        for place in range(m):
            for cell in range(CELLS):
                inside = min(Fraction(place + 1, m), Fraction(cell + 1, CELLS)) - max(
                    Fraction(place, m), Fraction(cell, CELLS)
                )
                assert found[place, cell] == pytest.approx(float(max(inside, 0) * m), abs=1e-12)
    rng = np.random.default_rng(0)
    x, y = mixed(rng), mixed(rng)
    whole = count(k, [spread(k, m)], CELLS, m)
    monkeypatch.setattr(module, "AT_ONCE", 7)
    np.testing.assert_allclose(count(k, [spread(k, m)], CELLS, m), whole, atol=1e-12)
    product = sum(np.outer(in_cells(x.of([k]), SIDE), in_cells(y.of([k]), SIDE)) for k in range(40))
    np.testing.assert_allclose(in_plane(x, y, SIDE).reshape(SIDE, SIDE), product, atol=1e-12)
    points = Places(x.start, x.start)
    for a, b in ((x, points), (points, x), (points, points)):
        product = sum(np.outer(in_cells(a.of([k]), SIDE), in_cells(b.of([k]), SIDE)) for k in range(40))
        np.testing.assert_allclose(in_plane(a, b, SIDE).reshape(SIDE, SIDE), product, atol=1e-12)


def test_distances_and_moments_are_those_of_a_slow_loop():
    rng = np.random.default_rng(1)
    a, b = mixed(rng), mixed(rng, 30)
    kinks = np.unique(np.concatenate([[0, 1], a.start, a.end, b.start, b.end]))
    grid = np.linspace(0, 1, 20_001)
    of_a, of_b = (np.array([distribution(places, x)[1] for x in grid]) for places in (a, b))
    ends = [np.subtract(distribution(a, x), x) for x in kinks]
    assert distances(a)[0] == pytest.approx(np.abs(ends).max())
    assert distances(a)[1] == pytest.approx(np.trapezoid(np.abs(of_a - grid), grid), abs=1e-4)
    ends = [np.subtract(distribution(a, x), distribution(b, x)) for x in kinks]
    assert distances_of_two(a, b)[0] == pytest.approx(np.abs(ends).max())
    assert distances_of_two(a, b)[1] == pytest.approx(np.trapezoid(np.abs(of_a - of_b), grid), abs=1e-4)
    many = rng.uniform(np.tile(a.start, 5000), np.tile(a.end, 5000))
    mean, sd = a.moments()
    assert mean == pytest.approx(many.mean(), abs=0.005)
    assert sd == pytest.approx(many.std(), rel=0.02)
    points, others = (Places(v, v) for v in (rng.uniform(size=50), rng.beta(2, 1, 30)))
    assert distances(points)[0] == pytest.approx(kstest(points.start, "uniform").statistic)
    assert distances_of_two(points, others)[1] == pytest.approx(wasserstein_distance(points.start, others.start))


def test_places_that_several_boxes_have_are_put_together_alike_by_either_way(monkeypatch):
    """Some boxes share a place, or its start alone."""
    places = mixed(np.random.default_rng(5), 500).of(np.random.default_rng(6).integers(0, 500, 900))
    by_sorting = module._gathered(places)
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "PER_QUERY", 400)
    by_query = module._gathered(places)
    for found, expected in zip(by_sorting, by_query, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert len(by_query[0]) < 500
    assert len(np.unique(by_query[0])) < len(by_query[0])


def test_the_largest_deviations_of_draws_are_those_of_all_quadrants_though_equal_ones_are_computed_once():
    drawn = np.random.default_rng(4).standard_normal((20, SIDE**2), dtype=np.float32)
    drawn -= drawn.mean(1, keepdims=True)
    for axes, cells, deviations in ((1, CELLS, binned.line), (2, SIDE**2, binned.plane)):
        some = drawn[:, :cells]
        expected = np.abs(deviations(some.astype(float))).max(1)
        np.testing.assert_allclose(chance._largest(some, axes), expected, rtol=1e-5)
        assert chance._linear(cells, axes).shape[1] < len(deviations(np.zeros(cells))) or axes == 1


def test_boxes_are_added_to_draws_one_after_the_other(monkeypatch):
    rng = np.random.default_rng(6)
    masses, which = rng.standard_normal((5, CELLS), dtype=np.float32), rng.integers(0, 5, (4, 30))
    expected = np.ones((30, CELLS), np.float32)
    for box in which:
        expected += masses[box]
    for numbers in (chance.IN_CACHE, 7 * CELLS):
        monkeypatch.setattr(chance, "IN_CACHE", numbers)
        drawn = np.ones((30, CELLS), np.float32)
        chance._add(drawn, masses, which)
        np.testing.assert_array_equal(drawn, expected)


def test_evenly_filled_places_are_exactly_uniform_however_many_there_are():
    two, three = (spread(np.tile(np.arange(m), 5), m) for m in (2, 3))
    assert distances(two) == pytest.approx((0, 0), abs=1e-12)
    assert distances_of_two(two, three) == pytest.approx((0, 0), abs=1e-12)
    assert two.moments()[0] == pytest.approx(0.5)
    assert p_value(in_cells(three, CELLS), three) == 1


@pytest.mark.parametrize("n", [20, 100, 1000, 5000])
def test_of_two_places_it_is_the_test_of_a_coins_sides(n):
    """Exact: the distance is that between the share of one place and a half. In the tail within a factor of two."""
    for low in sorted({n // 2, n // 2 - round(0.7 * n**0.5), n // 2 - round(1.1 * n**0.5), n // 2 - round(2 * n**0.5)}):
        places = spread(np.arange(n) >= low, 2)
        found, expected = p_value(in_cells(places, CELLS), places), binomtest(low, n).pvalue
        if expected > 0.005:
            assert found == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 9999) + 2e-4)
        else:
            assert expected / 2 < found < 2 * expected


def test_with_many_places_it_is_the_test_of_points():
    """Up to what the ends of 32 cells do not see."""
    rng = np.random.default_rng(2)
    m = rng.integers(500, 900, 150)
    for shape in (1, 1.15, 1.3):
        k = np.floor(rng.beta(shape, shape, 150) * m)
        found, points = p_value(in_cells(spread(k, m), CELLS), spread(k, m)), kstest((k + 0.5) / m, "uniform").pvalue
        assert abs(np.log(found) - np.log(points)) < 0.5


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_equally_likely_places_are_rejected_at_the_nominal_rate(n, monkeypatch):
    """2 to 5, and 20 places; the null distribution is the same in all runs, so it is drawn once."""
    drawn, real = {}, chance._drawn

    def once(kinds, side, cells):
        if (key := (str(kinds), side)) not in drawn:
            drawn[key] = real(kinds, side, cells)
        return drawn[key]

    monkeypatch.setattr(chance, "_drawn", once)
    rng = np.random.default_rng(n)
    runs = 400
    for m in (2, 3, np.resize([2, 3, 4, 5], n), 20):
        found = []
        for run in range(runs):
            x, y = spread(rng.integers(m, size=n), m), spread(rng.integers(m, size=n), m)
            found.append(p_value(in_cells(x, CELLS), x))
            if run % 4 == 0:
                found.append(p_value(in_plane(x, y, SIDE), x, y))
        for level in (0.05, 0.01):
            assert (np.array(found) <= level).sum() <= binom.ppf(0.9995, len(found), level)
        assert (np.array(found) <= 0.1).sum() >= binom.ppf(0.0005, len(found), 0.02)  # and it does reject
        assert (np.array(found) <= 0.6).mean() > 0.3


@pytest.mark.parametrize("pictures", [20, 300])
@pytest.mark.parametrize("m", [2, 3, 20])
def test_so_are_several_boxes_of_a_picture_that_lie_alike(pictures, m):
    rng = np.random.default_rng(m)
    runs, signs = 300, multipliers(0).signs
    found, as_if = [], []
    for _ in range(runs):
        picture = np.repeat(np.arange(pictures), rng.integers(1, 6, pictures))
        alike = rng.random(len(picture)) < 0.8
        k = np.where(alike, rng.integers(m, size=pictures)[picture], rng.integers(m, size=len(picture)))
        unit = binned.blocks(pictures, rng)[picture]
        counts = count(unit, [spread(k, m)], CELLS, min(pictures, 256))
        found.append(sign_flip_p(counts, signs, binned.line))
        if m == 2:
            as_if.append(binomtest(int(k.sum()), len(k)).pvalue)
    assert (np.array(found) <= 0.05).sum() <= binom.ppf(0.9995, runs, 0.05)
    assert m > 2 or (np.array(as_if) <= 0.05).mean() > 0.1


def test_many_boxes_with_many_numbers_of_places_are_summed_as_normal_numbers(monkeypatch):
    """Both ways draw at random, so that p-values differ by what counts of k draws do: 4 standard errors of the difference of
    two logarithms, √(2 ÷ k). Tails begin at the tenth draw. Which normal numbers are drawn depends on the processor."""
    rng = np.random.default_rng(3)
    m = np.concatenate([np.resize(np.arange(2, 30), 280), np.full(120, 500)])
    for tilt in (0.7, 0.8, 0.95, 1):
        x, y = (spread(np.floor(rng.random(400) ** tilt * m), m) for _ in range(2))
        found = []
        for most in (10**6, 0):
            monkeypatch.setattr(chance, "BY_HAND", most)
            found.append([p_value(in_cells(x, CELLS), x), p_value(in_plane(x, y, SIDE), x, y)])
        by_hand, normal = np.log(found)
        k = np.maximum(np.exp(by_hand) * NULL_DRAWS, FEW)
        np.testing.assert_array_less(np.abs(by_hand - normal), 4 * np.sqrt(2 / k) + 0.1)
