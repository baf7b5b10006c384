"""Why a network's answer moves: where inside it the shift of a picture is lost, measured on its own feature maps."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

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
    reason: str = ""
    """Why there is no such map, in a sentence; empty where there is one."""


_FACTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "of": pl.String,  # layer: of the map of a layer; step: of the map just before a subsampling; network: of all of it
    "layer": pl.String,  # the name of the module, as Layer.name or Step.name has it; null where `of` is network
    "kind": pl.String,  # the class of the module
    "depth": pl.Int64,  # layers with weights on the longest way from the input through this one
    "channels": pl.Int64,  # of its map
    "height": pl.Int64,  # cells of its map
    "width": pl.Int64,
    "subsampling_factor": pl.Float64,  # width of the input ÷ width of the map, px per cell
    "subsampled_by": pl.String,  # the operation between the last larger map and this one; empty where there is none
}
LAYERS = pl.Schema(
    {
        **_FACTS,
        "measure": pl.String,  # as it is registered in `cause.measures`
        "quantity": pl.String,  # a measure may give several
        "estimate": pl.Float64,  # in the unit that the measure states
        "ci_low": pl.Float64,  # over pictures
        "ci_high": pl.Float64,
        "n_images": pl.Int64,  # pictures that count
        "n": pl.Int64,  # what else counts, as the measure says: shifts, channels, cells
        "reason": pl.String,  # why there is no estimate, or no layer; null where there is one
    }
)
GEOMETRY = pl.Schema(
    {
        **_FACTS,
        "stride": pl.Int64,  # px of the input that move the map by exactly one cell; null where unknown
        "exact_share": pl.Float64,  # 1 / stride²: share of the translations that move the map by whole cells
        "receptive_field": pl.Int64,  # px, width of what the middle cell can depend on; no more than the widest input tried
        "whole_input": pl.Boolean,  # whether that is all of the widest input that was tried: nothing says where it ends
        "effective_width": pl.Float64,  # px, side of the square with 95 % of the squared gradient, mean over pictures
        "ci_low": pl.Float64,  # of the effective width, over pictures
        "ci_high": pl.Float64,
        "n_images": pl.Int64,
        "reason": pl.String,  # what is missing, and why; null where nothing is
    }
)
