"""BlurPool: a low-pass filter before each subsampling but that of the first convolutions."""

from typing import TYPE_CHECKING, Literal

from shiftscope.networks.order import Layer, Order, Unsuitable
from shiftscope.networks.sampling import Sampling, samplings

if TYPE_CHECKING:
    from torch import nn


@samplings.register(
    "blurpool",
    title="BlurPool",
    reference="Zhang 2019 (arXiv 1904.11486), section 3.2; timm.layers.BlurPool2d, its `aa_layer`",
)
class BlurPool(Sampling):
    """A binomial low-pass filter before each subsampling, at the places of Zhang (2019) and of timm's `aa_layer`. A
    convolution of stride 2 becomes dense, and a blur of stride 2 follows its normalisation and its activation. A max
    pooling becomes a dense one and a blur. The first convolution, 1 × 1 convolutions on shortcuts, and average poolings,
    which are low-pass filters themselves, stay as they are.

    The filter of n taps multiplies a sine of frequency ω (radians per cell of the dense map) by cos(ω/2)^(n − 1) along each
    axis, the gain of ((1 + z⁻¹) ÷ 2)^(n − 1). So it leaves a constant map as it is, removes what alternates from cell to
    cell (ω = π), and weakens what lies between. At ω = π/2, the highest frequency that the smaller map carries, 3 taps
    leave 1/2; what lies just above it is aliased, and is hardly weaker.
    """

    filter: Literal[2, 3, 5] = 3
    """Taps of the filter along each axis: (1, 1) ÷ 2, (1, 2, 1) ÷ 4, or (1, 4, 6, 4, 1) ÷ 16. The border is reflected, as
    by Zhang. With 2 taps timm adds a cell at both ends, so that a map of 56 cells becomes one of 29; here, as by Zhang, it
    is added at the end alone, and map sizes stay what they are."""

    def places(self, order: Order) -> list[Layer]:
        if not any(layer.strided and self.takes(layer) for layer in order.layers):
            raise Unsuitable("has neither a max pooling nor a convolution behind its first one that subsamples")
        return super().places(order)

    def takes(self, layer: Layer) -> bool:
        if layer.function == "conv2d":
            shortcut = set(layer.module.kernel_size) == {1} and layer.read_by == {"sum"}
            return not (shortcut or layer.reads_picture)
        return super().takes(layer)

    def sampler(self) -> "nn.Module":
        return blur(self.filter)


def blur(taps: int) -> "nn.Module":
    """timm's BlurPool2d of stride 2 with a binomial filter of `taps` × `taps`, for maps of every size and precision.

    It answers with half as many rows and columns, rounded up.

    >>> import torch
    >>> blur(3)(torch.tensor([0.0, 0, 4, 0, 0, 0, 0]).expand(1, 1, 7, 7))[0, 0, 0]  # (1, 2, 1) ÷ 4 about cells 0, 2, 4, 6
    tensor([0., 2., 0., 0.])
    """
    from timm.layers.blur_pool import BlurPool2d
    from torch import Tensor
    from torch.nn import functional

    around = ((taps - 1) // 2, taps // 2, (taps - 1) // 2, taps // 2)

    class Blur(BlurPool2d):
        def __init__(self) -> None:
            super().__init__(filt_size=taps)
            self.padding = list(around)

        def forward(self, x: Tensor) -> Tensor:
            height, width = x.shape[-2:]
            # A map that is too small to be reflected at its border repeats its last row or column.
            high, wide = (max(0, taps // 2 + 1 - int(length)) for length in (height, width))
            if high or wide:
                x = functional.pad(x, (0, wide, 0, high), mode="replicate")
            x = functional.pad(x, around, mode=self.pad_mode)
            weight = self.get_buffer("filt").to(x.dtype).expand(x.shape[1], 1, taps, taps)
            answer: Tensor = functional.conv2d(x, weight, stride=2, groups=x.shape[1])
            return answer[..., : (height + 1) // 2, : (width + 1) // 2] if high or wide else answer

    return Blur()
