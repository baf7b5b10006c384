"""Everything that one job measures inside one network: layers, geometry, and the maps that a figure shows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.cause import MAPS, Layer, Step
from shiftscope.cause.found import Layers
from shiftscope.cause.layers import Which, find_layers
from shiftscope.cause.measuring import Sequences, measure_layers, ready_network
from shiftscope.cause.receptive import geometry
from shiftscope.cause.watching import watch
from shiftscope.core import tables

if TYPE_CHECKING:
    from torch import Tensor, nn

PICTURES_OF_GRADIENTS = 8
"""For effective receptive fields, which need a run backwards for each layer."""
TOGETHER = 16
"""Frames that are run at once, at least. The card's batch is the best one for an engine; of a small network it may hold one
or two frames, for which eager torch and the measures would be called many more times."""
LAYERS_SHOWN = 4
"""By the figure of feature maps, as in the paper's figure 4."""


class Inside(NamedTuple):
    """The tables of one network."""

    layers: pl.DataFrame
    """cause.LAYERS"""
    geometry: pl.DataFrame
    """cause.GEOMETRY, of the last layer before each subsampling"""
    maps: pl.DataFrame
    """cause.MAPS"""


def look_inside(
    card: dict[str, Any],
    *,
    protocol: str,
    canvases_paths: Sequence[str | Path],
    frames_paths: Sequence[str | Path],
    which: Which,
    pictures: int,
    threads: int,
    seed: int,
    level: float,
) -> Inside:
    """What the layers of a network do while pictures move.

    Parameters
    ----------
    card : of the network (`stages.prepare`).
    protocol : its name, for errors. `canvases_paths`, `frames_paths`: its canvases and frames, a file for each shard.
    which : ``all`` layers, the last ones of all ``stages``, or names.
    pictures : so many are looked at, at most.
    level : of intervals over pictures, in (0, 1).

    Raises ShiftscopeError where the frames are no translations of one picture, or there is no layer of that name.
    """
    ready = ready_network(card, threads)
    network, size = ready.get_submodule("network"), int(card["input_size"])
    sequences = Sequences(protocol, canvases_paths, frames_paths, size, pictures)
    layers = find_layers(network, size, which)
    # Receptive fields are alike within a stage but for a few pixels, and cost a run backwards each.
    stages = layers if which != "all" or not layers.layers else find_layers(network, size, "stages")
    # What hides its layers may take no hook either, and without layers nothing is asked of the pixels.
    frames = sequences.first(PICTURES_OF_GRADIENTS)
    pixels = shown_to_network(ready, frames) if stages.layers else np.empty((0, 3, size, size), np.float32)
    # Graphs of gradients take the most memory: they come first, and the pass over all frames takes what they leave.
    fields = geometry(network, stages, pixels, seed=seed, level=level)
    batch = max(TOGETHER, card["batch_size"])
    measured = measure_layers(ready, layers, sequences, batch=batch, seed=seed, level=level)
    return Inside(measured, fields, feature_maps(ready, layers, sequences))


def shown_to_network(ready: "nn.Module", frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network itself is given of uint8 `frames` (count, size, size, 3): normalised, (count, 3, size, size)."""
    import torch

    given: list[Tensor] = []
    hook = ready.get_submodule("network").register_forward_pre_hook(lambda _module, args: given.append(args[0]))
    try:
        with torch.inference_mode():
            for frame in frames:
                ready(torch.from_numpy(frame[None]).to(next(ready.buffers()).device))
    finally:
        hook.remove()
    return np.asarray(torch.cat(given).cpu().contiguous().numpy())


def feature_maps(ready: "nn.Module", layers: Layers, sequences: Sequences) -> pl.DataFrame:
    """MAPS: of the first picture at three places (the first, the middle and the last of the sequence), one channel of each
    of four layers, spread evenly over the network: the one that varies most at the first place, away from the border."""
    import torch

    if not layers.layers:
        return MAPS.to_frame()
    spread = np.linspace(0, len(layers.layers) - 1, LAYERS_SHOWN).round().astype(int)
    chosen = [layers.layers[place] for place in sorted(set(spread.tolist()))]
    last = len(sequences.shifts) - 1
    numbers = np.unique([0, (last + 1) // 2, last])
    kept: dict[str, Any] = {}

    def see(layer: Layer | Step, maps: "Tensor", _rows: NDArray[np.int64]) -> None:
        margin = maps.shape[-1] // 8  # padding makes borders that have nothing to do with the picture
        inner = maps[0, :, margin : maps.shape[-2] - margin, margin : maps.shape[-1] - margin]
        channel = int(inner.flatten(1).var(1).argmax())
        kept[layer.name] = channel, maps[:, channel].float().cpu().numpy()

    (batch, *_) = sequences.batches(numbers, len(numbers))
    network = ready.get_submodule("network")
    with torch.inference_mode(), watch(network, layers, see, lambda _item: np.arange(len(numbers)), chosen):
        ready(torch.from_numpy(batch.pixels).to(next(ready.buffers()).device))
    rows = []
    for layer in chosen:
        channel, maps = kept[layer.name]
        for number, values in zip(numbers, maps, strict=True):
            x, y = sequences.shifts[number]
            rows.append(
                {
                    "image_id": sequences.image_ids[0], "layer": layer.name, "depth": layer.depth, "channel": channel,
                    "shift_x": x, "shift_y": y, "height": layer.height, "width": layer.width,
                    "values": values.ravel().tolist(),
                }
            )  # fmt: skip
    return tables.table(rows, MAPS)
