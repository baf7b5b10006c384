"""FLC pooling: subsampling by a cut in the spectrum."""

from typing import TYPE_CHECKING

from shiftscope.networks.sampling import Sampling, samplings

if TYPE_CHECKING:
    from torch import Tensor, nn


@samplings.register("flc", title="FLC pooling", reference="Grabinski et al. 2022 (arXiv 2204.00491), section 3")
class Flc(Sampling):
    """Frequency low-cut pooling: of a dense map only those frequencies are kept that the smaller map carries, by a Fourier
    transform, so that nothing is aliased. The mean of the map stays what it is. Every convolution and max pooling of stride
    2 is replaced, the first convolution and 1 × 1 convolutions on shortcuts too, each behind its normalisation and its
    activation. Average poolings stay as they are. Maps are taken to go on periodically, so what lies at one border
    acts on the opposite one."""

    def sampler(self) -> "nn.Module":
        from torch import Tensor, nn

        class LowFrequencies(nn.Module):
            rolls = True
            """Maps that are moved round by less than two cells are answered with the cells between."""

            def forward(self, maps: Tensor) -> Tensor:
                return low_frequencies(maps)

        return LowFrequencies()


def low_frequencies(maps: "Tensor") -> "Tensor":
    """Maps with half as many rows and columns, rounded up, that have the frequencies which these can carry and no others.

    The two-dimensional transform is separable, so rows and columns are made fewer one after the other. From N to M cells,
    the frequencies of fewer than M/2 periods are kept. Where M is even, the one of exactly M/2 periods is kept as plain
    subsampling keeps it: the smaller map shows its cosine, and its sine is 0 at each of its cells. (Grabinski et al. keep
    half of that cosine.) This is the convention of `scipy.signal.resample`.

    Parameters
    ----------
    maps : float32 or float64, (batch, channels, height, width).

    >>> import torch
    >>> x = torch.arange(8) * 2 * torch.pi / 8
    >>> rows = torch.stack([1 + torch.cos(x), 1 + torch.cos(3 * x)])  # one and three periods; 4 cells carry up to two
    >>> low_frequencies(rows.expand(1, 1, 2, 8)[..., :1, :]).round(decimals=4)
    tensor([[[[2., 1., 0., 1.]]]])
    >>> low_frequencies(rows.expand(1, 1, 2, 8)[..., 1:, :]).round(decimals=4)
    tensor([[[[1., 1., 1., 1.]]]])
    """
    return _fewer(_fewer(maps, -2), -1)


def _fewer(maps: "Tensor", axis: int) -> "Tensor":
    import torch

    length = maps.shape[axis]
    cells = (length + 1) // 2
    spectrum = torch.fft.rfft(maps.movedim(axis, -1))[..., : cells // 2 + 1]
    if cells % 2 == 0:
        # Both halves of the highest frequency, +M/2 and −M/2, fall on one, and their imaginary parts cancel.
        highest = 2 * spectrum[..., -1:].real
        spectrum = torch.cat([spectrum[..., :-1], highest.to(spectrum.dtype)], -1)
    fewer: Tensor = torch.fft.irfft(spectrum, cells).movedim(-1, axis) * (cells / length)
    return fewer
