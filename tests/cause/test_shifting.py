"""Maps moved by a distance."""

import numpy as np
import pytest
import torch
from scipy.ndimage import fourier_shift
from torch.nn import functional

from shiftscope.cause.shifting import inside, moved, shift_matrix


def test_maps_move_between_cells_as_scipy_moves_them():
    rng = np.random.default_rng(0)
    spectrum_ = np.fft.fft2(rng.normal(size=(15, 15)))
    maps = np.fft.ifft2(spectrum_).real
    expected = np.fft.ifft2(fourier_shift(np.fft.fft2(maps), (0.3, -1.7))).real
    got = moved(torch.tensor(maps)[None], (-1.7, 0.3))[0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_moving_there_and_back_is_nothing_and_whole_cells_are_exact():
    maps = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.equal(moved(maps, (3, -2)), torch.roll(maps, (-2, 3), (-2, -1)))
    smooth = functional.avg_pool2d(functional.pad(maps[None], (4, 4, 4, 4), mode="circular"), 9, 1)[0]
    there = moved(moved(smooth, (0.25, 0.75)), (-0.25, -0.75))
    assert (there - smooth).abs().max() < 0.02
    halves = moved(moved(smooth, (0.5, 0)), (0.5, 0))
    assert (halves - torch.roll(smooth, 1, -1)).abs().max() < 0.02


def test_cells_inside_are_those_of_a_slow_loop():
    for cells in ((2, 0), (0, -3), (1.5, 0.25), (-0.5, 9)):
        got = inside(10, 12, 2, cells)
        for y in range(10):
            for x in range(12):
                sources = [
                    (y - dy, x - dx)
                    for dy in {int(np.floor(cells[1])), int(np.ceil(cells[1]))}
                    for dx in {int(np.floor(cells[0])), int(np.ceil(cells[0]))}
                ]
                clear = all(2 <= row < 8 and 2 <= column < 10 for row, column in [(y, x), *sources])
                assert got[y, x] == clear


@pytest.mark.parametrize("length", [7, 8])
def test_waves_below_the_nyquist_frequency_move_by_any_distance(length):
    cells = np.arange(length)
    for cycles in range(4):
        for distance in (0.3, -1.75, 2.5, 11.1):
            here, there = (np.cos(2 * np.pi * cycles * (cells - by) / length + 1) for by in (0, distance))
            np.testing.assert_allclose(shift_matrix(length, distance) @ here, there, atol=1e-12)


def test_each_axis_moves_by_its_own_distance():
    maps = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    down, right = shift_matrix(5, -0.4), shift_matrix(7, 1.3)
    expected = np.einsum("yv,cvu,xu->cyx", down, maps.numpy(), right)
    np.testing.assert_allclose(moved(maps, (1.3, -0.4)).numpy(), expected, atol=1e-12)
    only_right = np.einsum("cyu,xu->cyx", np.roll(maps.numpy(), 2, 1), right)
    np.testing.assert_allclose(moved(maps, (1.3, 2.0)).numpy(), only_right, atol=1e-12)
