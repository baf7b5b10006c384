"""Spectra of maps, and what subsampling does with their frequencies."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor

PRESENT = 1e-2
"""Of the energy of the strongest frequency of a channel, 20 dB: a weaker frequency is taken for absent (Ribeiro & Schön)."""


def energy(maps: "Tensor") -> "Tensor":
    """Energy of each frequency, (…, height, width), of `maps` of that shape: squares of the discrete Fourier transform of
    each channel less its mean. No window: the map is taken to continue periodically, so that a jump from one border to the
    opposite one counts as well."""
    import torch

    centred = maps - maps.mean((-2, -1), keepdim=True)
    return torch.fft.fft2(centred).abs().square()


def above(height: int, width: int, stride: tuple[int, int]) -> Floats:
    """For each frequency, (height, width) in the order of the transform, the share of it that a grid of every `stride`-th cell
    (along y, along x) cannot carry: 1 beyond 1 ÷ (2 stride) cycles per cell, along either axis, 0 below, ½ at the limit.

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
    """Only its own frequency of the map before is in it."""
    aliased: float
    """Only frequencies that were folded into it are."""
    tangled: float
    """Both are."""
    empty: float
    """Neither is."""


def kinds(power: Floats, stride: tuple[int, int]) -> Kinds:
    """What is in each frequency of the smaller map, mean over channels: Ribeiro & Schön 2021 (arXiv 2102.07757).

    Parameters
    ----------
    power : (channels, height, width), energy of the map before subsampling. Height and width are multiples of the strides.

    A frequency is there if its energy is at most 20 dB below that of the channel's strongest one.

    >>> wave = np.cos(2 * np.pi * np.arange(8) * 3 / 8)[None, None] * np.ones((1, 8, 1))
    >>> power = np.abs(np.fft.fft2(wave)) ** 2
    >>> kinds(power, (1, 2)).aliased * 32  # ±3/8 are folded into two of the 8 × 4 frequencies
    2.0
    """
    channels, height, width = power.shape
    present = power > PRESENT * power.max((1, 2), keepdims=True)
    small = height // stride[0], width // stride[1]
    own = present & (above(height, width, stride) < 1)
    folded = present & (above(height, width, stride) > 0)
    has_own, has_folded = (
        part.reshape(channels, stride[0], small[0], stride[1], small[1]).any((1, 3)) for part in (own, folded)
    )
    return Kinds(
        float((has_own & ~has_folded).mean()),
        float((~has_own & has_folded).mean()),
        float((has_own & has_folded).mean()),
        float((~has_own & ~has_folded).mean()),
    )
