"""Maps moved by a distance: exactly by whole cells, between them by band-limited interpolation."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

WHOLE = 1e-6
"""Cells: a distance that is this near to a whole number is one."""


def is_whole(cells: tuple[float, float]) -> bool:
    """Whether a distance (to the right, down) is a whole number of cells both ways."""
    return all(abs(distance - round(distance)) < WHOLE for distance in cells)


def moved(maps: "Tensor", cells: tuple[float, float]) -> "Tensor":
    """`maps`, (channels, height, width), moved circularly by `cells` (to the right, down).

    By whole cells they are rolled. By other distances they are multiplied by exp(−2πi f · distance) in the discrete Fourier
    transform, which is exact for maps without energy at the Nyquist frequency, the shift theorem.
    """
    import torch

    x, y = cells
    if is_whole(cells):
        return torch.roll(maps, (round(y), round(x)), (-2, -1))
    height, width = maps.shape[-2:]
    down = torch.fft.fftfreq(height, device=maps.device, dtype=maps.dtype)[:, None] * y
    right = torch.fft.rfftfreq(width, device=maps.device, dtype=maps.dtype)[None] * x
    phase = torch.exp(-2j * np.pi * (down + right))
    # At the Nyquist frequency only the real part keeps the map real (as `scipy.ndimage.fourier_shift` does not).
    if height % 2 == 0:
        phase[height // 2] = torch.exp(-2j * np.pi * right[0]) * np.cos(np.pi * y)
    return torch.fft.irfft2(torch.fft.rfft2(maps) * phase, s=(height, width))


def inside(height: int, width: int, margin: int, cells: tuple[float, float]) -> NDArray[np.bool_]:
    """Which cells, (height, width), lie at least `margin` cells from the border, and have come from such a cell when the map
    was moved by `cells` (to the right, down), not around its end: there no border has a part in the comparison.

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
