"""Shorter ways to the largest deviation: to the last bit what the whole table of deviations says."""

import numpy as np
import pytest

from shiftscope.statistics import binned


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("side", [1, 2, 8])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_largest_deviation_is_that_of_all_of_them_to_the_last_bit(n, side, kind):
    counts = np.random.default_rng(n).standard_normal((n, side**2)).astype(kind)
    before = counts.copy()
    if side > 1:
        assert (binned.largest_on_line(counts) == np.abs(binned.line(counts)).max(-1)).all()
    assert (binned.largest_on_plane(counts) == np.abs(binned.plane(counts)).max(-1)).all()
    assert (binned.largest_sum(counts, 1) == np.abs(np.cumsum(counts, -1)).max(-1)).all()
    quadrants = binned.quadrants(binned.corners(counts))
    assert (binned.largest_sum(counts, 2) == np.abs(quadrants).max(-1)).all()
    assert (counts == before).all()
    assert binned.largest_on_plane(counts).dtype == kind


def test_the_largest_deviation_on_a_plane_is_that_of_a_loop_over_quadrants():
    x, y = np.random.default_rng(0).integers(0, 8, (2, 40))
    found = 0.0
    for i in range(9):
        for j in range(9):
            for left in (x < i, x >= i):
                for low in (y < j, y >= j):
                    width, height = (i if (left == (x < i)).all() else 8 - i), (j if (low == (y < j)).all() else 8 - j)
                    found = max(found, abs((left & low).sum() - 40 * width * height / 64))
    counts = np.bincount(x * 8 + y, minlength=64).astype(float)
    assert binned.largest_on_plane(counts[None])[0] == pytest.approx(found)
