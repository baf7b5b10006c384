"""Maps moved by a distance: exactly by whole cells, between them by band-limited interpolation."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor

WHOLE = 1e-6
"""Cells: a distance that is this near to a whole number is one."""


def is_whole(cells: tuple[float, float]) -> bool:
    """Whether a distance (to the right, down) is a whole number of cells both ways."""
    return all(abs(distance - round(distance)) < WHOLE for distance in cells)


def shift_matrix(length: int, distance: float) -> Floats:
    """The matrix, (length, length), that moves a periodic series by `distance` cells: band-limited interpolation.

    Each frequency f (cycles per cell) is multiplied by exp(−2πi f · distance), the shift theorem. Along an even length the
    highest one, ½, is multiplied by cos(π distance), the only factor that leaves a real series real; a distance that is no
    whole number therefore loses part of it.

    >>> shift_matrix(3, 1).round(9) + 0.0  # each cell gets the value of the one before it
    array([[0., 0., 1.],
           [1., 0., 0.],
           [0., 1., 0.]])
    """
    phase = np.exp(-2j * np.pi * np.fft.rfftfreq(length) * distance)
    if length % 2 == 0:
        phase[-1] = np.cos(np.pi * distance)
    cells = np.arange(length)
    return np.asarray(np.fft.irfft(phase, length)[(cells[:, None] - cells) % length])


def moved(maps: "Tensor", cells: tuple[float, float]) -> "Tensor":
    """`maps`, (channels, height, width), moved circularly by `cells` (to the right, down).

    By whole cells they are rolled, which is exact. By other distances they are multiplied by `shift_matrix` along each
    axis, which for maps of a network is several times faster than Fourier transforms.
    """
    import torch

    x, y = cells
    height, width = maps.shape[-2:]
    if abs(y - round(y)) < WHOLE:
        maps = torch.roll(maps, round(y), -2)
    else:
        maps = torch.as_tensor(shift_matrix(height, y), dtype=maps.dtype, device=maps.device) @ maps
    if abs(x - round(x)) < WHOLE:
        return torch.roll(maps, round(x), -1)
    return maps @ torch.as_tensor(shift_matrix(width, x).T, dtype=maps.dtype, device=maps.device)


def inside(height: int, width: int, margin: int, cells: tuple[float, float]) -> NDArray[np.bool_]:
    """Which cells, (height, width), the border has no part in when the map was moved by `cells` (to the right, down).

    They lie at least `margin` cells from the border, and have come from such cells, not around the end of the map.

    >>> inside(6, 6, 1, (2, 0))[3].astype(int).tolist()  # columns 1 and 2 have come from the border and from column 0
    [0, 0, 0, 1, 1, 0]
    """
    masks = []
    for length, distance in ((height, cells[1]), (width, cells[0])):
        at = np.arange(length)
        clear = (at >= margin) & (at < length - margin)
        first, last = (at - int(rounded(distance)) for rounded in (np.ceil, np.floor))
        masks.append(clear & (first >= margin) & (last < length - margin))
    return np.asarray(masks[0][:, None] & masks[1][None])
