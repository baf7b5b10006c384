"""What the middle cell of a layer's map sees of the input: by gradients of the network itself, no kernel is looked up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.cause import GEOMETRY, Layer, Step
from shiftscope.cause.dependence import hiding_nothing
from shiftscope.cause.found import Layers
from shiftscope.cause.measuring import facts_of
from shiftscope.cause.watching import See, watch
from shiftscope.core import tables
from shiftscope.core.randomness import generator

if TYPE_CHECKING:
    from torch import Tensor, nn

HELD = 0.95
"""Share of the squared gradient that the effective width holds."""
WIDEST = 5
"""Fields that reach both sides of the input are looked at again on one that is so many times wider."""
UNFOLLOWED = "operations of the network cannot be followed to the pixels that they depend on"


class Field(NamedTuple):
    """What a cell can depend on, along x."""

    width: int
    """px."""
    whole: bool
    """Whether it reaches a side of the widest input that was tried: then it may go on beyond it, or have no end at all."""


def receptive_fields(module: "nn.Module", layers: Layers) -> dict[str, Field]:
    """The theoretical receptive field of the middle cell of each layer, by the layer's name.

    It is the width of the columns of pixels from the first to the last one that the cell has a gradient with respect to,
    in the network's own graph with operations that hide nothing (`dependence.hiding_nothing`). Layers whose field reaches
    the border are looked at on a wider input, where the network takes one. Squeeze-and-excitation, group norms and global
    attention do see the whole input. Layers of a network whose operations cannot be followed are not in the answer.
    """
    fields = _fields(module, layers, layers.layers, layers.size)
    cut = [layer for layer in layers.layers if layer.layout == "NCHW" and layer.name in fields and fields[layer.name].whole]
    wider = _fields(module, layers, cut, WIDEST * layers.size) if cut else {}
    return fields | {name: field for name, field in wider.items() if not field.whole}


def _fields(module: "nn.Module", layers: Layers, chosen: Sequence[Layer], width: int) -> dict[str, Field]:
    """On an input of the layers' height and this width; empty where the network does not run on it."""
    import torch

    device = next(module.parameters(), torch.empty(0)).device
    pixels = torch.ones(1, 3, layers.size, width, dtype=torch.float64, device=device, requires_grad=True)
    cells: dict[str, Tensor] = {}

    def see(layer: Layer | Step, maps: "Tensor", _rows: Any) -> None:
        # A map that does not become wider with the input, as behind adaptive pooling, is another one there.
        if 2 * maps.shape[-1] * layers.size > layer.width * width:
            cells[layer.name] = _middle(maps).sum()

    try:
        with torch.enable_grad(), hiding_nothing(), _watched(module, layers, see, chosen):
            module(pixels * 1)
    except (RuntimeError, ValueError, AssertionError, TypeError, IndexError):
        return {}
    found = {}
    for name, cell in cells.items():
        columns = np.flatnonzero(_gradient(cell, pixels).abs().amax((0, 1, 2)).cpu().numpy())
        if len(columns):
            found[name] = Field(int(np.ptp(columns)) + 1, bool(columns[0] == 0 or columns[-1] == width - 1))
    return found


def effective_widths(
    module: "nn.Module", layers: Layers, pixels: NDArray[np.float32], seed: int
) -> dict[str, NDArray[np.float64]]:
    """The effective receptive field of the middle cell of each layer on each picture, by the layer's name: side, px, of the
    square about the squared gradient's centre of gravity that holds 95 % of it; nan where no pixel has any influence.

    The gradient is that of the sum over channels with standard normal weights, so that its square is, in the mean, the sum
    of squares of the channels' own gradients (after Luo et al. 2016, arXiv 1701.04128, section 2).

    Parameters
    ----------
    pixels : (pictures, 3, size, size), normalised as the network wants them. One runs after the other.
    """
    import torch

    device = next(module.parameters(), torch.empty(0)).device
    cells: dict[str, Tensor] = {}

    def see(layer: Layer | Step, maps: "Tensor", _rows: Any) -> None:
        weights = generator(seed, "effective width", layer.name).normal(size=layer.channels)
        cells[layer.name] = (_middle(maps) * torch.from_numpy(weights).to(maps)).sum()

    widths: dict[str, list[float]] = {layer.name: [] for layer in layers.layers}
    for picture in pixels:
        cells.clear()
        given = torch.from_numpy(picture[None]).to(device).requires_grad_()
        with torch.enable_grad(), _watched(module, layers, see, layers.layers):
            module(given * 1)
        for name, cell in cells.items():
            widths[name].append(width_holding((_gradient(cell, given) ** 2).sum((0, 1)).double().cpu().numpy()))
    return {name: np.array(values) for name, values in widths.items()}


def width_holding(energy: NDArray[np.float64], share: float = HELD) -> float:
    """Side of the smallest square about the centre of gravity of `energy`, (height, width), that holds `share` of it.

    >>> energy = np.zeros((9, 9))
    >>> energy[2:7, 3:8] = 1  # equal on 5 × 5 px
    >>> width_holding(energy), width_holding(energy, 0.3), width_holding(np.zeros((9, 9)))
    (5.0, 3.0, nan)
    """
    total = energy.sum()
    if not total > 0:
        return float("nan")
    y, x = np.indices(energy.shape)
    away = np.maximum(*(np.abs(axis - round((axis * energy).sum() / total)) for axis in (y, x)))
    held = np.cumsum(np.bincount(away.ravel(), energy.ravel()))
    return 2.0 * int(np.searchsorted(held, share * total * (1 - 1e-12))) + 1


def geometry(module: "nn.Module", layers: Layers, pixels: NDArray[np.float32], *, seed: int, level: float) -> pl.DataFrame:
    """GEOMETRY of the network, in its first row, and of its layers; `pixels` as for `effective_widths`, one per picture."""
    fields = receptive_fields(module, layers) if layers.layers else {}
    widths = effective_widths(module, layers, pixels, seed) if layers.layers else {}
    network = {
        "of": "network",
        "subsampling_factor": layers.factor,
        **_exact(layers.stride),
        "reason": layers.missing or None,
    }
    rows: list[dict[str, object]] = [network]
    for layer in layers.layers:
        field = fields.get(layer.name)
        row = {**facts_of(layer, layers.size), **_exact(layer.stride)}
        row |= {"receptive_field": field.width, "whole_input": field.whole} if field else {"reason": UNFOLLOWED}
        rows.append(row | _mean(widths[layer.name], level) if layer.name in widths else row)
    return tables.table(rows, GEOMETRY).fill_nan(None)


def _exact(stride: int | None) -> dict[str, object]:
    return {"stride": stride, "exact_share": None if stride is None else 1 / stride**2}


def _mean(widths: NDArray[np.float64], level: float) -> dict[str, object]:
    """With Student's interval: widths are nearly normal over pictures."""
    from scipy.special import stdtrit

    known = widths[~np.isnan(widths)]
    count = len(known)
    if not count:
        return {"n_images": 0}
    mean = float(known.mean())
    half = float(stdtrit(count - 1, (1 + level) / 2) * known.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    return {"effective_width": mean, "ci_low": mean - half, "ci_high": mean + half, "n_images": count}


def _watched(module: "nn.Module", layers: Layers, see: See, chosen: Sequence[Layer]) -> Any:
    return watch(module, layers, see, lambda _item: np.arange(1), chosen, any_size=True)


def _middle(maps: "Tensor") -> "Tensor":
    return maps[:, :, maps.shape[-2] // 2, maps.shape[-1] // 2]


def _gradient(cell: "Tensor", pixels: "Tensor") -> "Tensor":
    import torch

    (found,) = torch.autograd.grad(cell, pixels, retain_graph=True, allow_unused=True)
    return torch.zeros_like(pixels) if found is None else found
