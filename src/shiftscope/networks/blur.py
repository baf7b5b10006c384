"""BlurPool put into a network that has none."""

from typing import TYPE_CHECKING

from shiftscope.errors import ShiftscopeError

if TYPE_CHECKING:
    from torch import nn


def blurred(module: "nn.Module", name: str) -> "nn.Module":
    """`module` with a low-pass filter before each subsampling, its parameters untouched (Zhang 2019, arXiv:1904.11486,
    section 3.2).

    A max pooling of stride 2 becomes one of stride 1 and a blur of stride 2, a convolution of stride 2 one of stride 1 and
    a blur of stride 2; a 1 × 1 convolution reads nothing between its samples, so there the blur comes first, and an average
    pooling gives way to it. The blur is timm's: binomial, 3 taps, reflected at the border.

    Raises ShiftscopeError where `name` subsamples by more at once, or by layers of other kinds, or not at all.
    """
    if not _blur_children(module, name):
        raise ShiftscopeError(f"{name} has no layer that subsamples by 2, and so nothing to blur; leave out 'anti_alias'")
    return module


def _blur_children(module: "nn.Module", name: str) -> int:
    from timm.layers.blur_pool import BlurPool2d
    from torch import Tensor, nn

    class BlurAfter(nn.Conv2d):
        """A convolution whose answers are blurred and subsampled. Its class alone is put in, so parameters keep names."""

        blur: nn.Module

        def forward(self, input: Tensor) -> Tensor:
            answer: Tensor = self.blur(super().forward(input))
            return answer

    class BlurBefore(nn.Conv2d):
        """A 1 × 1 convolution of what was blurred and subsampled before."""

        blur: nn.Module

        def forward(self, input: Tensor) -> Tensor:
            return super().forward(self.blur(input))

    changed = 0
    for key, child in list(module.named_children()):
        stride = _stride(child)
        if stride == 1 or not isinstance(child, nn.MaxPool2d | nn.AvgPool2d | nn.Conv2d):
            changed += _blur_children(child, name)
            continue
        if stride != 2 or type(child) not in (nn.MaxPool2d, nn.AvgPool2d, nn.Conv2d):
            raise ShiftscopeError(
                f"{name} subsamples by {stride} in a {type(child).__name__}, where no BlurPool can be put in; leave out "
                "'anti_alias' or take another architecture"
            )
        changed += 1
        if isinstance(child, nn.Conv2d):
            child.stride = (1, 1)
            child.blur = BlurPool2d()
            child.__class__ = BlurBefore if set(child.kernel_size) == {1} else BlurAfter
        elif isinstance(child, nn.MaxPool2d):
            child.stride = 1
            setattr(module, key, nn.Sequential(child, BlurPool2d()))
        else:
            setattr(module, key, BlurPool2d())
    return changed


def _stride(layer: "nn.Module") -> int:
    stride = getattr(layer, "stride", 1)
    return int(max(stride)) if isinstance(stride, tuple) else int(stride) if isinstance(stride, int) else 1
