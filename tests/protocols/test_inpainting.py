"""Inpainting against the same algorithm written the slow way, with scipy.signal.convolve2d in float64."""

import numpy as np
import pytest
from scipy.signal import convolve2d

from shiftscope.protocols.inpainting import binomial_kernel, surround


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


@pytest.mark.parametrize("shape", [(28, 30), (1, 1), (3, 40), (50, 4)])
@pytest.mark.parametrize("corner", [(0, 0), (0.3, 0.7), (1, 0.2), (1, 1)])
def test_equals_the_slow_way(shape, corner):
    rng = np.random.default_rng(shape[0])
    picture = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    left, top = round(corner[0] * (66 - shape[1])), round(corner[1] * (64 - shape[0]))
    inside = np.s_[top : top + shape[0], left : left + shape[1]]
    image, known = np.zeros((64, 66, 3)), np.zeros((64, 66), bool)
    image[inside], known[inside] = picture, True
    filled = surround(picture, (left, top), (64, 66))
    np.testing.assert_allclose(filled, slow(image, known), atol=0.01)
    np.testing.assert_array_equal(filled[known], image[known])


def test_a_flat_picture_becomes_a_flat_canvas():
    filled = surround(np.full((10, 25, 3), 77, np.uint8), (5, 10), (40, 50))
    reached = filled.sum(-1) > 0
    assert (~reached).sum() <= 7  # where it stops: 200 of 224 × 224 are 7 of 40 × 50
    np.testing.assert_allclose(filled[reached], 77, atol=1e-3)


def test_it_gives_up_after_eighty_passes():
    """From a corner 6 px a pass at most: 1000 px are not reached."""
    filled = surround(np.full((10, 10, 3), 50, np.uint8), (0, 0), (20, 1000))
    assert (filled[0, :490] > 49).all()
    assert not filled[:, 490:].any()


@pytest.mark.parametrize("place", [(0, 0), (60, 100), (104, 51)])
def test_on_the_published_canvas_it_stops_where_the_published_code_does(place):
    """A picture of 120 × 100 px on 224 × 224: passes are counted by the pixels that are left."""
    known = np.zeros((224, 224), bool)
    known[place[1] : place[1] + 100, place[0] : place[0] + 120] = True
    left = (surround(np.full((100, 120, 3), 50, np.uint8), place, (224, 224)).sum(-1) == 0).sum()
    expected = (slow(np.full((224, 224, 3), 50.0), known).sum(-1) == 0).sum()
    assert left == expected <= 200
