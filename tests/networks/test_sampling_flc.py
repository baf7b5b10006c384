"""FLC pooling, held to SciPy's resampling and to sums of sines."""

import numpy as np
import pytest
import scipy.signal
import torch
from torch.nn import functional

from shiftscope.networks.sampling.flc import low_frequencies

TIGHT = {"rtol": 0, "atol": 1e-12}


def sines(height, width, periods, seed=0):
    """A random map with these numbers of periods along y and x, in float64: (1, 1, height, width)."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((height, width))
    found = sum(
        rng.normal() * np.cos(2 * np.pi * (down * y / height + right * x / width) + rng.uniform(0, 2 * np.pi))
        for down, right in periods
    )
    return torch.from_numpy(found)[None, None]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (12, 10), (14, 8), (7, 9), (8, 11), (2, 2)])
def test_it_is_scipys_resampling_along_both_axes(height, width):
    maps = np.random.default_rng(1).normal(size=(2, 3, height, width))
    expected = scipy.signal.resample(scipy.signal.resample(maps, -(-height // 2), axis=2), -(-width // 2), axis=3)
    torch.testing.assert_close(low_frequencies(torch.from_numpy(maps)), torch.from_numpy(expected), **TIGHT)


def test_of_a_band_limited_map_it_is_plain_subsampling():
    below = [(down, right) for down in range(-3, 4) for right in range(-3, 4)]  # 8 cells carry fewer than 4 periods
    maps = sines(16, 16, below)
    torch.testing.assert_close(low_frequencies(maps), maps[..., ::2, ::2], **TIGHT)
    # A negative control: one frequency above the limit, and they differ.
    higher = maps + sines(16, 16, [(0, 5)])
    assert (low_frequencies(higher) - higher[..., ::2, ::2]).abs().max() > 0.1
    torch.testing.assert_close(low_frequencies(higher), maps[..., ::2, ::2], **TIGHT)


def test_the_frequency_at_the_limit_is_kept_as_plain_subsampling_keeps_it():
    maps = sines(16, 16, [(0, 4), (4, 1)])
    torch.testing.assert_close(low_frequencies(maps), maps[..., ::2, ::2], **TIGHT)


def test_of_high_frequencies_the_mean_remains():
    above = [(down, right) for down in range(-8, 9) for right in range(-8, 9) if max(abs(down), abs(right)) > 4]
    torch.testing.assert_close(
        low_frequencies(sines(16, 16, above) + 3), torch.full((1, 1, 8, 8), 3.0, dtype=torch.float64), **TIGHT
    )
    # Plain subsampling turns them into low frequencies, and a box filter lets some of them pass.
    assert sines(16, 16, above)[..., ::2, ::2].std() > 1
    assert functional.avg_pool2d(sines(16, 16, above), 2).std() > 0.1


@pytest.mark.parametrize("size", [7, 8])
def test_the_mean_of_any_map_remains(size):
    maps = torch.randn(2, 3, size, size, dtype=torch.float64)
    torch.testing.assert_close(low_frequencies(maps).mean((2, 3)), maps.mean((2, 3)), **TIGHT)


def test_maps_below_the_limit_are_found_again_after_a_shift_by_one_cell():
    """By half a cell of the smaller map: its spectrum is turned, and no other is mixed in."""
    maps = sines(16, 16, [(down, right) for down in range(-3, 4) for right in range(-3, 4)]) + sines(16, 16, [(0, 7)])
    here, there = (low_frequencies(each)[0, 0].numpy() for each in (maps, maps.roll(1, -1)))
    np.testing.assert_allclose(np.abs(np.fft.fft2(there)), np.abs(np.fft.fft2(here)), atol=1e-10)
    plain, moved = (each[0, 0, ::2, ::2].numpy() for each in (maps, maps.roll(1, -1)))
    assert np.abs(np.abs(np.fft.fft2(moved)) - np.abs(np.fft.fft2(plain))).max() > 1
