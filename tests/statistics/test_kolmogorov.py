"""The exact distribution of the Kolmogorov–Smirnov distance: against exact fractions, SciPy and simulated samples."""

from fractions import Fraction
from itertools import pairwise
from math import factorial

import numpy as np
import pytest
from scipy.stats import binom, kstest, kstwo

from shiftscope.statistics.kolmogorov import MOST, two_sided_p


def exactly(n, distance):
    """P(D ≥ distance) in fractions. Between two points at which n (x ± distance) is a whole number, the numbers of values below
    x that are allowed stay the same. So the ways to fill these parts of [0, 1] are counted one part after the other."""
    ends = {Fraction(k, n) + sign * distance for k in range(n + 1) for sign in (-1, 1)}
    ends = sorted({Fraction(0), Fraction(1)} | {x for x in ends if 0 < x < 1})
    volumes = {0: Fraction(1)}  # of the values below a point, in order; by how many they are
    for low, high in pairwise(ends):
        filled = {}
        for below, volume in volumes.items():
            for k in range(below, n + 1):
                if below >= n * (high - distance) and k <= n * (low + distance):
                    more = volume * (high - low) ** (k - below) / factorial(k - below)
                    filled[k] = filled.get(k, 0) + more
        volumes = filled
    return 1 - volumes.get(n, 0) * factorial(n)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
def test_of_few_values_it_is_what_exact_fractions_say(n):
    for distance in (Fraction(1, 20), Fraction(3, 20), Fraction(1, 4), Fraction(3, 10), Fraction(9, 20), Fraction(3, 5)):
        expected = float(exactly(n, distance))
        assert two_sided_p([float(distance)], [n])[0] == pytest.approx(expected, abs=1e-14)


def test_it_is_scipys_number_on_either_side_of_every_bound():
    n = np.concatenate([np.repeat([1, 2, 3, 20, 41, 100, MOST - 1, MOST, MOST + 1, 1000], 200), [50, 50]])
    distance = np.concatenate([np.tile(np.linspace(0.005, 0.995, 200), 10), [0, 1]])
    z = np.linspace(0.1, 2.2, len(n))
    for d in (distance, np.minimum(z / np.sqrt(n), 1)):
        np.testing.assert_allclose(two_sided_p(d, n), kstwo.sf(d, n), atol=1e-13)


def test_it_is_how_often_uniform_values_are_as_far():
    rng = np.random.default_rng(0)
    found = np.array([kstest(rng.uniform(size=30), "uniform").statistic for _ in range(1000)])
    p = two_sided_p(found, np.full(1000, 30))
    for level in (0.05, 0.3, 0.6):
        assert binom.ppf(0.001, 1000, level) <= (p <= level).sum() <= binom.ppf(0.999, 1000, level)
