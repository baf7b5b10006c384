"""Why a network's answer moves: where inside it the shift of a picture is lost, measured on its own feature maps."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from shiftscope.core.columns import Column, Table

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


class _Place(Table):
    """What a measurement inside a network is of."""

    of = Column(pl.String)
    """What the row is of: `layer`, the map of a layer; `step`, the map just before a subsampling; `network`, the network as
    a whole."""
    layer = Column(pl.String)
    """The name of the module in the network; `output` for the network's answers. Null where the row is of the network as a
    whole."""
    kind = Column(pl.String)
    """The class of the module."""
    depth = Column(pl.Int64)
    """The number of layers with weights on the longest way from the input through this one."""
    channels = Column(pl.Int64)
    """The channels of the map."""
    height = Column(pl.Int64, "cells")
    """The height of the map."""
    width = Column(pl.Int64, "cells")
    """The width of the map."""
    subsampling_factor = Column(pl.Float64, "px per cell")
    """The width of the input ÷ the width of the map."""
    subsampled_by = Column(pl.String)
    """The operation between the last larger map and this one. Empty where there is none."""


class LayersTable(_Place):
    """One row per layer or subsampling step × measure × quantity, in the order in which the network runs them."""

    files = ("<data set>/layers/<protocol>/<network>/layers.parquet",)
    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all."""
    quantity = Column(pl.String)
    """What the measure gives: most give several quantities, which its description names."""
    shift = Column(pl.Float64, "px")
    """The shift that the row is of, or the period in a spectrum. Null where the quantity is over all shifts."""
    estimate = Column(pl.Float64, "of the measure")
    """The value over all pictures."""
    ci_low = Column(pl.Float64, "of the measure")
    """The lower end of its interval over pictures."""
    ci_high = Column(pl.Float64, "of the measure")
    """The upper end of its interval."""
    p_value = Column(pl.Float64)
    """The p-value, of quantities that are tested."""
    n_images = Column(pl.Int64)
    """The number of pictures that count."""
    n = Column(pl.Int64)
    """What else counts: channels for most measures, shifts for `shift_error` and `periodicity`."""
    reason = Column(pl.String)
    """Why there is no estimate or no interval, or which layers could not be seen. Null where nothing is missing."""


class GeometryTable(_Place):
    """One row for the network as a whole, then one per layer: what the sizes of its maps say."""

    files = ("<data set>/layers/<protocol>/<network>/geometry.parquet",)
    stride = Column(pl.Int64, "px per cell")
    """How far the input must move for the map to move by exactly one cell. Null where it is not known."""
    exact_share = Column(pl.Float64)
    """The share of all translations by whole pixels that move the map by whole cells, 1 ÷ stride²."""
    receptive_field = Column(pl.Int64, "px")
    """The width of what the middle cell of the map can depend on."""
    whole_input = Column(pl.Boolean)
    """Whether that reaches the borders of the widest input that was tried, so that it may go on beyond."""
    effective_width = Column(pl.Float64, "px")
    """The side of the square around the middle that holds 95 % of the squared gradient of the middle cell, the mean over
    pictures."""
    ci_low = Column(pl.Float64, "px")
    """The lower end of the interval of the effective width over pictures."""
    ci_high = Column(pl.Float64, "px")
    """The upper end of it."""
    n_images = Column(pl.Int64)
    """The number of pictures that the effective width is the mean of."""
    reason = Column(pl.String)
    """What is missing, and why. Null where nothing is."""


class MapsTable(Table):
    """One row per layer × place of one picture: the feature map that the figure of feature maps shows."""

    files = ("<data set>/layers/<protocol>/<network>/maps.parquet",)
    image_id = Column(pl.String)
    """The id of the picture."""
    layer = Column(pl.String)
    """The name of the layer."""
    depth = Column(pl.Int64)
    """The number of layers with weights on the longest way from the input through this one."""
    channel = Column(pl.Int64)
    """The channel, from 0: the one that varies most over the map of the first place."""
    shift_x = Column(pl.Float64, "px")
    """How far the picture was moved to the right."""
    shift_y = Column(pl.Float64, "px")
    """How far the picture was moved down."""
    height = Column(pl.Int64, "cells")
    """The height of the map."""
    width = Column(pl.Int64, "cells")
    """The width of the map."""
    values = Column(pl.List(pl.Float32))
    """The map, row by row."""


LAYERS = LayersTable.schema()
GEOMETRY = GeometryTable.schema()
MAPS = MapsTable.schema()
