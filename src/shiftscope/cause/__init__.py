"""Why a network's answer moves: where inside it the shift of a picture is lost, measured on its own feature maps."""

from dataclasses import dataclass
from typing import Literal

Layout = Literal["NCHW", "NHWC", "tokens"]


@dataclass(frozen=True)
class Layer:
    """A layer whose output is a spatial map, as one run of the network showed it."""

    name: str
    """The name of the module in the network, such as ``layer3.0.conv1``."""
    kind: str
    """The class of the module, such as ``Conv2d``."""
    depth: int
    """How many layers with weights are on the longest way from the input through this one."""
    layout: Layout
    """How the module answers. The maps that measures see are NCHW, whatever this says."""
    channels: int
    height: int
    """Cells of its map, measured: never a declared reduction."""
    width: int
    stride: int | None = None
    """px of the input that move its map by exactly one cell; None where unknown."""
    prefix: int = 0
    """Tokens that stand before those of the grid and belong to no place (class, distillation, registers)."""
    subsampled_by: str = ""
    """The operation between the last larger map and this one, such as ``layer3.0.conv2 (Conv2d 3 × 3, stride 2)``; empty
    where the map is as large as the one before it."""


@dataclass(frozen=True)
class Step:
    """An operation that subsamples: the map just before it is that of the same operation with a stride of 1."""

    name: str
    kind: str
    depth: int
    channels: int
    """Of the map just before it."""
    height: int
    width: int
    stride: tuple[int, int]
    """Along y and along x, cells of the map before it per cell of the map behind it."""
