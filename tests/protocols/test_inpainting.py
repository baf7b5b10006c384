"""Inpainting against the same algorithm written the slow way, with scipy.signal.convolve2d in float64."""

import numpy as np
import pytest
from scipy.signal import convolve2d

from shiftscope.protocols.inpainting import binomial_kernel, inpaint


def slow(image, known):
    kernel = np.outer(binomial_kernel(), binomial_kernel())
    image, mask = image.astype(np.float64) * known[..., None], known.astype(np.float64)
    for _ in range(80):
        if (mask == 0).sum() <= 200 * image.shape[0] * image.shape[1] // 224**2:
            break
        weight = convolve2d(mask, kernel, "same")
        reached = (mask == 0) & (weight > 0)
        blurred = np.stack([convolve2d(image[..., c] * mask, kernel, "same") for c in range(3)], -1)
        image[reached] = blurred[reached] / weight[reached][:, None]
        mask[reached] = 1
    return image


def test_kernel_is_the_binomial_of_eleven():
    from math import comb

    np.testing.assert_allclose(binomial_kernel(), [comb(11, k) / 2**11 for k in range(12)], rtol=1e-12)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (9, 21), (30, 3), (34, 36)])
def test_equals_the_slow_way(left, top):
    rng = np.random.default_rng(left)
    image = rng.uniform(0, 255, (64, 64, 3))
    known = np.zeros((64, 64), bool)
    known[top : top + 28, left : left + 30] = True
    filled = inpaint(image.astype(np.float32), known)
    np.testing.assert_allclose(filled, slow(image, known), atol=0.01)
    np.testing.assert_array_equal(filled[known], image.astype(np.float32)[known])


def test_a_flat_picture_becomes_a_flat_canvas():
    known = np.zeros((40, 50), bool)
    known[10:20, 5:30] = True
    filled = inpaint(np.full((40, 50, 3), 77, np.float32), known)
    reached = filled.sum(-1) > 0
    assert (~reached).sum() <= 7  # where it stops: 200 of 224 × 224 are 7 of 40 × 50
    np.testing.assert_allclose(filled[reached], 77, atol=1e-3)


def test_nothing_known_stays_black():
    assert not inpaint(np.full((40, 40, 3), 77, np.float32), np.zeros((40, 40), bool)).any()


def test_on_the_published_canvas_it_stops_where_the_published_code_does():
    """A picture of 120 × 100 px in a corner of 224 × 224: passes are counted by the pixels that are left."""
    known = np.zeros((224, 224), bool)
    known[:100, :120] = True
    left = (inpaint(np.full((224, 224, 3), 50, np.float32), known).sum(-1) == 0).sum()
    expected = (slow(np.full((224, 224, 3), 50.0), known).sum(-1) == 0).sum()
    assert left == expected <= 200
