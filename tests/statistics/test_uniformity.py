"""Tests of uniformity: calibrated where boxes of a picture go together, and against SciPy, slow loops and known information."""

import numpy as np
import pytest
from scipy.stats import beta, binom, differential_entropy, ks_2samp, kstest, kstwo, multinomial, norm, wasserstein_distance

from shiftscope.statistics import uniformity
from shiftscope.statistics.binned import BIT_CELLS, BLOCKS, CELLS, SIDE, blocks, cell, count, filled, line, plane
from shiftscope.statistics.uniformity import (
    bits,
    distance_interval,
    distances,
    ks_p,
    ks_two,
    ks_two_p,
    multipliers,
    plane_p,
    product,
    quantiles,
    resampled_shares,
    sign_flip_p,
    tail_p,
)

SIGNS, WEIGHTS = multipliers(0)


def wasserstein_uniform(values):
    """∫₀¹ |Fₙ(x) − x| dx by SciPy, with U(0, 1) as the middles of many cells."""
    return wasserstein_distance(values, (np.arange(200_000) + 0.5) / 200_000)


def alike(rng, pictures, correlation=0.9, most=7):
    """Two coordinates of one to `most` boxes per picture, each U(0, 1) by itself, those of one picture nearly the same."""
    picture = np.repeat(np.arange(pictures), rng.integers(1, most + 1, pictures))
    own, shared = np.sqrt(1 - correlation), np.sqrt(correlation)
    x, y = (norm.cdf(shared * rng.normal(size=pictures)[picture] + own * rng.normal(size=len(picture))) for _ in range(2))
    return picture, x, y


def mirrored(rng, pictures):
    """A left hand and a right hand in every picture: u and 1 − u."""
    x = rng.uniform(size=(pictures, 1))
    y = rng.uniform(size=(pictures, 1))
    return np.repeat(np.arange(pictures), 2), np.hstack([x, 1 - x]).ravel(), np.hstack([y, 1 - y]).ravel()


def p_values(picture, x, y, rng):
    unit = blocks(int(picture.max()) + 1, rng)[picture]
    n = int(unit.max()) + 1
    return (
        sign_flip_p(count(unit, cell(x, CELLS), n, CELLS), SIGNS, line),
        sign_flip_p(count(unit, cell(x, SIDE) * SIDE + cell(y, SIDE), n, SIDE**2), SIGNS, plane),
        kstest(x, "uniform").pvalue,
        plane_p(np.bincount(cell(x, SIDE) * SIDE + cell(y, SIDE), minlength=SIDE**2)),
    )


@pytest.mark.parametrize("kind", [alike, mirrored])
@pytest.mark.parametrize("pictures", [20, 80, 600])
def test_the_picture_as_unit_rejects_at_the_nominal_rate_and_the_box_as_unit_does_not(kind, pictures):
    rng = np.random.default_rng(pictures)
    runs = 300
    found = np.array([p_values(*kind(rng, pictures), rng) for _ in range(runs)])
    few, many = binom.ppf([0.0005, 0.9995], runs, 0.05)
    one, two, one_boxes, two_boxes = (found < 0.05).sum(0)
    # With 20 pictures signs are a little too careful.
    assert (few if pictures > 20 else 3) <= one <= many
    assert (few if pictures > 20 else 3) <= two <= many
    if kind is alike:
        assert one_boxes > 0.3 * runs
        assert two_boxes > 0.3 * runs
    else:  # what stands opposite hides nothing in a test of boxes, but it is still wrong
        assert not few <= one_boxes <= many


def test_independent_points_are_tested_at_the_nominal_rate_in_the_plane():
    rng = np.random.default_rng(0)
    for n in (20, 90, 2000):
        p = np.array([plane_p(rng.multinomial(n, np.full(SIDE**2, SIDE**-2))) for _ in range(400)])
        assert binom.ppf(0.0005, 400, 0.05) <= (p < 0.05).sum() <= binom.ppf(0.9995, 400, 0.05)
        assert 0.4 < p.mean() < 0.6


def test_an_exact_null_distribution_of_few_points_is_met():
    # 3 points in 2 × 2 cells: all 20 outcomes by their probability, against the Monte Carlo test's own samples.
    outcomes = [(a, b, c, 3 - a - b - c) for a in range(4) for b in range(4 - a) for c in range(4 - a - b)]
    distance = np.array([np.abs(plane(np.array(counts, dtype=float))).max() for counts in outcomes])
    chance = multinomial.pmf(outcomes, 3, np.full(4, 0.25))
    drawn = np.random.default_rng(0).multinomial(3, np.full(4, 0.25), 50_000).astype(float)
    mine = np.abs(plane(drawn)).max(-1)
    for limit in np.unique(distance.round(9)):
        assert (mine >= limit - 1e-9).mean() == pytest.approx(chance[distance >= limit - 1e-9].sum(), abs=0.01)


def test_the_distance_in_the_plane_is_that_of_a_slow_loop_over_corners_and_quadrants():
    rng = np.random.default_rng(1)
    points = rng.beta(2, 1, (57, 2))
    counts = np.bincount(cell(points[:, 0], SIDE) * SIDE + cell(points[:, 1], SIDE), minlength=SIDE**2)
    largest = 0.0
    for a in np.arange(1, SIDE + 1) / SIDE:
        for b in np.arange(1, SIDE + 1) / SIDE:
            for left in (True, False):
                for low in (True, False):
                    inside = ((points[:, 0] < a) == left) & ((points[:, 1] < b) == low)
                    expected = (a if left else 1 - a) * (b if low else 1 - b)
                    largest = max(largest, abs(inside.mean() - expected))
    assert np.abs(plane(counts.astype(float))).max() / 57 == pytest.approx(largest)


def test_distances_and_p_values_of_a_line_are_scipys():
    rng = np.random.default_rng(2)
    for n in (1, 20, 321):
        sample, other = np.sort(rng.beta(1.2, 1, n)), np.sort(rng.uniform(size=2 * n))
        found = kstest(sample, "uniform")
        assert distances(sample) == pytest.approx((found.statistic, wasserstein_uniform(sample)), abs=1e-5)
        assert ks_p(np.array([found.statistic]), np.array([n]))[0] == pytest.approx(found.pvalue)
        two = ks_2samp(sample, other, method="asymp")
        assert ks_two(sample, other) == pytest.approx(two.statistic)
        assert ks_two_p(np.array([two.statistic]), np.array([n]), np.array([2 * n]))[0] == pytest.approx(two.pvalue)
    many = np.array([1001, 5000])
    np.testing.assert_allclose(ks_p(2.2 / np.sqrt(many), many), kstwo.sf(2.2 / np.sqrt(many), many), rtol=0.01)
    counts = count(np.arange(321), cell(sample, CELLS), 321, CELLS)
    by_hand = [(sample < k / CELLS).sum() - 321 * k / CELLS for k in range(1, CELLS)]
    np.testing.assert_allclose(line(counts.sum(0)), by_hand, atol=1e-9)


def test_signs_of_few_pictures_are_those_of_all_their_combinations():
    rng = np.random.default_rng(3)
    picture = np.repeat(np.arange(9), 3)
    x = np.clip(rng.beta(3, 3, 9)[picture] + rng.normal(0, 0.02, 27), 0, 1)
    counts = count(picture, cell(x, CELLS), 9, CELLS)
    every = 2.0 * ((np.arange(512)[:, None] >> np.arange(9)) & 1) - 1
    share = np.mean(
        [
            np.abs((signs[:, None] * line(counts)).sum(0)).max() >= np.abs(line(counts.sum(0))).max() - 1e-9
            for signs in every
        ]
    )
    assert sign_flip_p(counts, SIGNS, line) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 999) + 0.001)


def test_a_far_tail_falls_like_that_of_the_kolmogorov_distribution():
    rng = np.random.default_rng(4)
    x = np.clip(rng.normal(0.5, 0.17, 200), 0, 1)
    p = sign_flip_p(count(np.arange(200), cell(x, CELLS), 200, CELLS), SIGNS, line)
    expected = kstest(x, "uniform").pvalue
    assert 1e-12 < expected < 1e-5
    assert abs(np.log10(p) - np.log10(expected)) < 2
    drawn = np.abs(rng.normal(size=999))
    assert tail_p(2.0, drawn, 1.0) == (1 + (drawn >= 2).sum()) / 1000
    steps = [tail_p(x, drawn, 1.0) for x in np.linspace(1, 9, 200)]
    assert (np.diff(steps) <= 0).all()
    assert 0 < steps[-1] < 1e-15


def test_blocks_share_pictures_out_evenly_and_are_pictures_where_these_are_few():
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(blocks(BLOCKS, rng), np.arange(BLOCKS))
    sizes = np.bincount(blocks(1000, rng))
    assert len(sizes) == BLOCKS
    assert set(sizes) == {3, 4}


def interval(values, picture, level=0.95):
    n = int(picture.max()) + 1
    counts = count(picture, cell(values, CELLS), n, CELLS)
    return distance_interval(resampled_shares(counts, WEIGHTS), wasserstein_uniform(values), filled(counts), level)


def information(values, picture, cells=BIT_CELLS, level=0.95):
    counts = count(picture, cell(values, cells), int(picture.max()) + 1, cells)
    return bits(counts, resampled_shares(counts, WEIGHTS), level)


@pytest.mark.parametrize("shape", [1, 1.5, 10])
def test_intervals_cover_the_truth_where_boxes_go_together(shape):
    rng = np.random.default_rng(6)
    grid = np.linspace(0, 1, 100_001)
    truth = np.trapezoid(np.abs(beta.cdf(grid, shape, shape) - grid), grid)
    shares = np.diff(beta.cdf(np.linspace(0, 1, BIT_CELLS + 1), shape, shape))
    true_bits = np.log2(BIT_CELLS) + (shares * np.log2(shares)).sum()
    covered = np.zeros(3)
    for _ in range(200):
        picture, x, _ = alike(rng, 120, correlation=0.7)
        x = beta.ppf(x, shape, shape)
        distance, said = interval(x, picture), information(x, picture)
        naive = interval(x, np.arange(len(x)) if len(x) <= BLOCKS else blocks(len(x), rng))
        covered += [
            distance.low <= truth <= distance.high,
            said.low - 1e-9 <= true_bits <= said.high,
            naive.low <= truth <= naive.high,
        ]
    assert covered[0] >= binom.ppf(0.001, 200, 0.93)
    assert covered[1] >= binom.ppf(0.001, 200, 0.9)
    assert covered[2] < 180  # boxes as if independent


def test_bits_are_those_of_known_distributions():
    rng = np.random.default_rng(7)
    alone = blocks(20_000, rng)
    half = information(rng.uniform(0, 0.5, 20_000), alone)
    assert half.estimate == pytest.approx(1, abs=0.005)
    assert information(np.full(20_000, 0.3), alone).estimate == 3
    assert information(rng.uniform(size=20_000), alone).estimate < 0.002
    # Nearly what is known of a continuous position: minus the differential entropy of a smooth density.
    sample = rng.beta(2, 2, 20_000)
    found = information(sample, alone)
    share = np.diff(beta.cdf(np.linspace(0, 1, BIT_CELLS + 1), 2, 2))
    assert found.estimate == pytest.approx(3 + (share * np.log2(share)).sum(), abs=0.006)
    everything = -beta(2, 2).entropy() / np.log(2)
    assert -differential_entropy(sample, base=2) == pytest.approx(everything, abs=0.02)
    assert 0.85 * everything < found.estimate < everything  # cells keep most of it
    assert found.low < found.estimate < found.high


def test_bits_are_corrected_for_few_pictures_and_not_given_for_too_few():
    rng = np.random.default_rng(8)
    plain, corrected, grouped = [], [], []
    for _ in range(200):
        x = rng.uniform(size=60)
        share = np.bincount(cell(x, BIT_CELLS), minlength=BIT_CELLS) / 60
        plain.append(3 + (share[share > 0] * np.log2(share[share > 0])).sum())
        corrected.append(information(x, np.arange(60)).estimate)
        grouped.append(information(np.repeat(x, 5), np.repeat(np.arange(60), 5)).estimate)
    # Miller's bias, (8 − 1) ÷ (2 · 60 · ln 2), is in the plain one; that each box is there five times changes nothing.
    assert np.mean(plain) == pytest.approx(7 / (120 * np.log(2)), rel=0.15)
    assert np.mean(corrected) < 0.4 * np.mean(plain)
    assert min(corrected) >= 0
    np.testing.assert_allclose(grouped, corrected, atol=1e-9)
    assert information(x[:19], np.arange(19)) == (None, None, None)
    assert information(x[:20], np.arange(20)).estimate is not None


def test_an_interval_has_its_estimate_inside_and_none_for_one_picture():
    rng = np.random.default_rng(9)
    for n in (2, 3, 30):
        x = rng.uniform(size=n)
        found = interval(x, np.arange(n))
        assert 0 <= found.low <= found.estimate <= found.high
    assert interval(rng.uniform(size=9), np.zeros(9, dtype=int))[1:] == (None, None)
    same = interval(np.full(40, 0.5), np.arange(40))
    assert same == pytest.approx((0.25, 0.25, 0.25))


def test_intervals_are_wider_for_few_pictures_by_students_quantile():
    """By how much, from printed tables of the two quantiles, with the standard deviation of n − 1."""
    shares = np.random.default_rng(0).dirichlet([8, 1, 1, 2], size=500)
    high = {units: distance_interval(shares, 0.3, units, 0.95).high - 0.3 for units in (2, 5, 31, 10**8)}
    for units, student in ((2, 12.706), (5, 2.776), (31, 2.042)):
        expected = np.sqrt(units / (units - 1)) * student / 1.960
        assert high[units] / high[10**8] == pytest.approx(expected, rel=1e-3)


def test_factors_depend_on_the_seed_alone():
    assert (multipliers(1).signs != SIGNS).any()
    uniformity.multipliers.cache_clear()
    np.testing.assert_array_equal(multipliers(0).signs, SIGNS)
    assert abs(SIGNS.mean()) < 0.01
    assert WEIGHTS.mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("units", [1, 30, 2 * BLOCKS])
def test_random_factors_are_multiplied_as_matrices(units):
    counts = np.random.default_rng(0).poisson(2, (units, 5)).astype(float)
    assert (product(SIGNS, counts) == SIGNS[:, :units].astype(float) @ counts).all()  # whole numbers
    np.testing.assert_allclose(product(WEIGHTS, counts), WEIGHTS[:, :units].astype(float) @ counts, rtol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 7, 500])
def test_quantiles_are_numpys(n):
    rng = np.random.default_rng(n)
    for values in (rng.normal(size=n), rng.integers(0, 4, n).astype(float)):
        for levels in (0.95, [0.025, 0.975], np.linspace(0, 1, 23)):
            np.testing.assert_allclose(quantiles(values, levels), np.quantile(values, levels), rtol=1e-12, atol=1e-14)
