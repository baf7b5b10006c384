"""Every registered measure on every chosen layer, over the frames of a protocol: one pass, picture by picture."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.cause import LAYERS, Layer, Step
from shiftscope.cause.found import Layers
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.translations import translations
from shiftscope.cause.watching import watch
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.core.threads import ahead
from shiftscope.data.canvases import cut, read_canvases
from shiftscope.engines.eager import Eager
from shiftscope.networks.modules import available

if TYPE_CHECKING:
    from torch import Tensor, nn


def ready_network(card: dict[str, Any], threads: int) -> "nn.Module":
    """The network of a card (`stages.prepare`) on eager torch, with its normalisation: uint8 frames to logits. The network
    itself, which `find_layers` takes, is its part `network`. On the device that it was prepared for, if that is here."""
    device = "cuda" if card["device"] == "cuda" and available("auto") == "cuda" else "cpu"
    return Eager().module(Path(card["weights"]), card, device, threads)


class Sequences:
    """The frames of the pictures of one protocol, in the order of the pictures' ids."""

    def __init__(
        self,
        protocol: str,
        canvases_paths: Sequence[str | Path],
        frames_paths: Sequence[str | Path],
        size: int,
        pictures: int,
    ) -> None:
        """`canvases_paths`, `frames_paths`: one for each shard; `size`: of a frame, px; `pictures`: so many at most.

        Raises ShiftscopeError as `translations` does, and where there is no picture.
        """
        self.size = size
        self.where: list[tuple[str | Path, int, pl.DataFrame]] = []
        """Of each picture: the file of its canvases, its place in it, and its frames."""
        found: dict[str, tuple[str | Path, int, pl.DataFrame]] = {}
        for canvases_path, frames_path in zip(canvases_paths, frames_paths, strict=True):
            by_image = tables.read(frames_path, tables.FRAMES).group_by("image_id", maintain_order=True)
            found |= {str(key[0]): (canvases_path, place, rows) for place, (key, rows) in enumerate(by_image)}
        if not found:
            raise ShiftscopeError(f"no picture went through protocol {protocol}; its skipped.parquet says why")
        self.image_ids = sorted(found)[:pictures]
        self.where = [found[image_id] for image_id in self.image_ids]
        self.shifts = translations(pl.concat([rows for _, _, rows in self.where]), protocol)
        """As `Measure` takes them: (frames, 2), px."""

    def batches(self, numbers: NDArray[np.int64], batch: int) -> Iterator["Batch"]:
        """The frames of these numbers, ascending, no more than `batch` of one picture at once."""
        for path, place, rows in self.where:
            (canvases,) = read_canvases(path, [place])
            windows = list(cut(canvases, rows[numbers.tolist()], self.size))
            for start in range(0, len(numbers), batch):
                end = min(start + batch, len(numbers))
                yield Batch(numbers[start:end], np.stack(windows[start:end]), end == len(numbers))

    def first(self, pictures: int) -> NDArray[np.uint8]:
        """The first frame of each of so many pictures at most: (pictures, size, size, 3)."""
        found = islice(self.batches(np.arange(1), 1), pictures)
        return np.concatenate([batch.pixels for batch in found])


class Batch(NamedTuple):
    """Frames of one picture that are run together."""

    numbers: NDArray[np.int64]
    """Of the frames in their picture's sequence."""
    pixels: NDArray[np.uint8]
    """(frames, size, size, 3)."""
    last: bool
    """Whether these are the last ones of their picture."""


@dataclass(frozen=True)
class _Watched:
    """One measure of one layer or step."""

    name: str
    item: Layer | Step
    measure: Measure
    wants: NDArray[np.bool_]
    """Of each frame."""


def measure_layers(
    ready: "nn.Module",
    layers: Layers,
    sequences: Sequences,
    *,
    batch: int,
    seed: int,
    level: float,
    chosen: Collection[str] | None = None,
) -> pl.DataFrame:
    """What the measures say of the layers and subsampling steps of a network: LAYERS, in the order in which they run.

    Parameters
    ----------
    ready : the network with its normalisation (`ready_network`), and in its part `network` the one of `layers`.
    layers : from `find_layers`. Where it has none, the table is one row that says why.
    batch : frames that are run at once.
    level : of the intervals over pictures, in (0, 1).
    chosen : names of measures; not given: all that are registered.

    Frames that no measure wants are not run. Memory does not grow with the number of pictures.
    """
    import torch

    watched = _watched(layers, sequences.shifts, seed, chosen)
    outputs = _of_output(layers, sequences.shifts, seed, chosen)
    if not watched:  # what hides its layers may take no hook either
        return _table(layers, watched, outputs, level, chosen)
    one_pass = _Pass(watched)
    numbers = one_pass.numbers()
    network, device = ready.get_submodule("network"), next(ready.buffers()).device
    total = len(numbers) * len(sequences.where)
    with torch.inference_mode(), watch(network, layers, one_pass.see, one_pass.rows, list(one_pass.of)):
        batches = ahead(sequences.batches(numbers, batch)) if len(numbers) else iter(())
        for found in progress(batches, total, "frames", lambda found: len(found.numbers)):
            one_pass.now = found.numbers
            answers = ready(torch.from_numpy(found.pixels).to(device))
            for one in outputs:
                one.measure.see(answers[one.wants[found.numbers], :, None, None], found.numbers[one.wants[found.numbers]])
            if found.last:
                for one in (*watched, *outputs):
                    one.measure.end_of_picture()
    return _table(layers, watched, outputs, level, chosen)


class _Pass:
    """Who is to be shown which maps of the batch that is running."""

    def __init__(self, watched: list[_Watched]) -> None:
        self.of: dict[Layer | Step, list[_Watched]] = {}
        for one in watched:
            self.of.setdefault(one.item, []).append(one)
        self.wanted = {item: np.any([one.wants for one in ones], axis=0) for item, ones in self.of.items()}
        """Of each frame of a picture, whether any measure of an item wants it."""
        self.now = np.empty(0, np.int64)
        """Numbers of the frames in the batch that is running."""

    def numbers(self) -> NDArray[np.int64]:
        """Of the frames that any measure wants."""
        return np.flatnonzero(np.any(list(self.wanted.values()), axis=0)) if self.wanted else self.now

    def rows(self, item: Layer | Step) -> NDArray[np.int64]:
        return np.flatnonzero(self.wanted[item][self.now])

    def see(self, item: Layer | Step, maps: "Tensor", rows: NDArray[np.int64]) -> None:
        import torch

        frames = self.now[rows]
        # What measures ask of torch is no operation of the network, about each of which `watch` is asked, and takes long.
        with torch._C.DisableTorchFunction():
            for one in self.of[item]:
                mine = one.wants[frames]
                if mine.all():
                    one.measure.see(maps, frames)
                elif mine.any():
                    one.measure.see(maps[np.flatnonzero(mine)], frames[mine])


def _named(chosen: Collection[str] | None) -> list[Any]:
    return [entry for entry in measures if chosen is None or entry.name in chosen]


def _watched(layers: Layers, shifts: NDArray[np.float64], seed: int, chosen: Collection[str] | None) -> list[_Watched]:
    found = []
    for entry in _named(chosen):
        items: list[Layer | Step] = (
            list(layers.layers) if entry.item.of == "layers" else [step for step in layers.steps if not step.reason]
        )
        for item in items:
            measure = entry.item(item, shifts, layers.size, seed)
            wants = np.array([measure.wants(frame) for frame in range(len(shifts))])
            found.append(_Watched(entry.name, item, measure, wants))
    return found


def _of_output(layers: Layers, shifts: NDArray[np.float64], seed: int, chosen: Collection[str] | None) -> list[_Watched]:
    """The measures that are asked of the network's answers too, as those of a last layer with the network's stride."""
    if not layers.layers:
        return []
    answers = replace(layers.layers[-1], name="output", kind="logits", stride=layers.stride)
    entries = [entry for entry in _named(chosen) if entry.item.of_output]
    asked = [(entry.name, entry.item(answers, shifts, layers.size, seed)) for entry in entries]
    return [
        _Watched(name, answers, measure, np.array([measure.wants(frame) for frame in range(len(shifts))]))
        for name, measure in asked
    ]


def _table(
    layers: Layers, watched: list[_Watched], outputs: list[_Watched], level: float, chosen: Collection[str] | None
) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    if layers.missing:
        rows.append({"of": "network", "reason": layers.missing})
    order = {item: place for place, item in enumerate([*layers.layers, *layers.steps])}
    for one in sorted(watched, key=lambda one: order[one.item]):
        rows += [{**facts_of(one.item, layers.size), "measure": one.name, **row} for row in one.measure.rows(level)]
    facts = {"of": "network", "layer": "output", "subsampling_factor": layers.factor}
    for one in outputs:
        rows += [{**facts, "measure": one.name, **row} for row in one.measure.rows(level)]
    of_steps = [entry.name for entry in _named(chosen) if entry.item.of == "steps"]
    rows += [
        {**facts_of(step, layers.size), "measure": name, "reason": step.reason}
        for step in layers.steps
        for name in of_steps
        if step.reason
    ]
    return tables.table(rows, LAYERS).fill_nan(None)


def facts_of(item: Layer | Step, size: int) -> dict[str, object]:
    """The columns that LAYERS and GEOMETRY begin with. `size`: width of the input, px."""
    return {
        "of": "layer" if isinstance(item, Layer) else "step",
        "layer": item.name,
        "kind": item.kind,
        "depth": item.depth,
        "channels": item.channels or None,
        "height": item.height or None,
        "width": item.width or None,
        "subsampling_factor": size / item.width if item.width else None,
        "subsampled_by": item.subsampled_by if isinstance(item, Layer) else "",
    }
