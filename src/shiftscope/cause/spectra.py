"""Spectra of maps, and what subsampling does with their frequencies."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shiftscope.statistics.ratios import Floats, ratio

if TYPE_CHECKING:
    from torch import Tensor

PRESENT = 1e-2
"""Of the energy of a channel's strongest frequency, 20 dB: a weaker frequency is taken for absent (Ribeiro & Schön)."""
FLAT = 1e-11
"""Of the squares of a map: if what is left without its mean is no more than this, it is rounding."""


def energy(maps: "Tensor", window: bool) -> "Tensor":
    """Energy of each frequency, (…, height, width), of `maps` of that shape: squares of the discrete Fourier transform of
    each channel less its mean, which is the same on every grid. 0 everywhere for a channel that is flat but for rounding.

    `window`: whether maps are first multiplied by Hann's window along both axes (periodic: sin² π n ÷ length), and their
    means weighted by it. The transform takes a map to continue periodically. Where it does not, the jump from one border
    to the opposite one has energy at all frequencies, and the window takes it away. In return, a wave of one frequency has
    a sixth of its energy at each of the two neighbouring ones, and what lies in the middle of the map counts most.

    >>> import torch
    >>> ramp = torch.arange(32.0, dtype=torch.float64)[None].expand(32, 32)  # no waves, and a jump at its ends
    >>> beyond = torch.tensor(above(32, 32, (2, 2)))
    >>> [f"{(power * beyond).sum() / power.sum():.1e}" for power in (energy(ramp, False), energy(ramp, True))]
    ['6.0e-02', '8.8e-06']
    """
    import torch

    height, width = maps.shape[-2:]
    weights = torch.ones(height, width, dtype=maps.dtype, device=maps.device)
    if window:
        down, right = (torch.hann_window(length, dtype=maps.dtype, device=maps.device) for length in (height, width))
        weights = down[:, None] * right
    mean = (maps * weights).sum((-2, -1), keepdim=True) / weights.sum()
    power = torch.fft.fft2((maps - mean) * weights).abs().square()
    whole = (maps * weights).square().sum((-2, -1), keepdim=True) * (height * width)  # Parseval: with the mean
    return torch.where(power.sum((-2, -1), keepdim=True) > FLAT * whole, power, power * 0)


def share_above(power: Floats, stride: tuple[int, int]) -> Floats:
    """Share of the energy that a grid of every `stride`-th cell cannot carry: (channels,) of `power`, (channels, height,
    width); nan for a channel without energy.

    White noise of n cells has 1 − 1 ÷ s for s cells per cell of the smaller grid, times n ÷ (n − 1) since its mean does not
    count, in expectation and for every size that is a multiple of the strides.
    """
    return ratio((power * above(power.shape[1], power.shape[2], stride)).sum((1, 2)), power.sum((1, 2)))


def above(height: int, width: int, stride: tuple[int, int]) -> Floats:
    """Which share of each frequency, (height, width) in the order of the transform, a smaller grid cannot carry.

    It consists of every `stride`-th cell (along y, along x). The share is 1 beyond 1 ÷ (2 stride) cycles per cell along
    either axis, and 0 below. At the limit it is ½: of a wave just there, whose phase is random, the samples have half the
    energy on average; and the frequencies that are carried are then as many as the smaller grid has cells.

    >>> above(1, 8, (1, 2)).tolist()  # of cycles per cell 0, 1/8, 2/8, 3/8, 4/8, −3/8, −2/8, −1/8
    [[0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0]]
    """
    kept = []
    for length, step in ((height, stride[0]), (width, stride[1])):
        frequency, limit = np.abs(np.fft.fftfreq(length)), 0.5 / step
        at_limit = np.isclose(frequency, limit) & (step > 1)
        kept.append(np.where(at_limit, 0.5, frequency <= limit))
    return 1.0 - kept[0][:, None] * kept[1][None]


class Kinds(NamedTuple):
    """Shares of the frequencies of the smaller map, which sum to 1."""

    non_aliased: float
    """One frequency of the map before is in it: its own."""
    aliased: float
    """One frequency is in it that is not its own: it could be told from others, but lies at a wrong place."""
    tangled: float
    """Two or more are, and nothing can take them apart."""
    empty: float
    """None is."""


def kinds(power: Floats, stride: tuple[int, int]) -> Kinds:
    """What is in each frequency of the smaller map, mean over channels: Ribeiro & Schön 2021 (arXiv 2102.07757).

    Parameters
    ----------
    power : (channels, height, width), energy of the map before subsampling. Height and width are multiples of the strides.

    A frequency is there if its energy is at most 20 dB below that of the channel's strongest one. Theirs is the strongest
    one after folding, and their maps keep their mean; without it, the threshold is set by what changes over the map.

    >>> wave = np.cos(2 * np.pi * np.arange(8) * 3 / 8)[None, None] * np.ones((1, 8, 1))
    >>> power = np.abs(np.fft.fft2(wave)) ** 2
    >>> kinds(power, (1, 2)).aliased * 32  # ±3/8 are folded into two of the 8 × 4 frequencies
    2.0
    """
    channels, height, width = power.shape
    present = power > PRESENT * power.max((1, 2), keepdims=True)
    folds = (channels, stride[0], height // stride[0], stride[1], width // stride[1])
    count = present.reshape(folds).sum((1, 3))
    own = (present & (above(height, width, stride) < 1)).reshape(folds).any((1, 3))
    return Kinds(
        float(((count == 1) & own).mean()),
        float(((count == 1) & ~own).mean()),
        float((count > 1).mean()),
        float((count == 0).mean()),
    )
