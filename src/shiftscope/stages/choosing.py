"""Which engine runs a network, in batches of which size: tried once for all networks of one structure on one machine."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.columns import Column, Table
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.core.numbers import percent
from shiftscope.engines import engines
from shiftscope.engines.calibration import Calibration, Expected
from shiftscope.engines.devices import devices
from shiftscope.engines.racing import LARGEST, Runner, first_batch, race
from shiftscope.networks.modules import Run

if TYPE_CHECKING:
    from torch import nn

LIBRARIES = ("torch", "torchvision", "timm", "openvino")
"""Packages whose versions decide how fast a network runs."""


class Choice(Table):
    """A JSON file, not a table, with these keys: the engine and the batch size that were found for networks of one
    structure. Networks for which all conditions are the same are not tried again. To have them tried again, remove the
    file."""

    files = ("networks/_choices/<digest of the conditions>.json",)
    network = Column(pl.String)
    """The name of the network that was tried."""
    engine = Column(pl.String)
    """The engine that runs it."""
    batch_size = Column(pl.Int64)
    """The number of frames that are computed at once."""
    calibration = Column(pl.List(pl.Struct([])))
    """What the engines did that were tried, as in `card.json`."""
    conditions = Column(pl.Struct([]))
    """What the choice depends on: the architecture and a digest of its layers (`structure`), the input size, the precision,
    the device, its hardware and the number of threads, the engine and the batch size that the config asks for, the versions
    of libraries and a digest of the code."""


CHOICE = Choice.schema()


def conditions(ready: "nn.Module", card: Mapping[str, Any], asked: Mapping[str, Any], opaque: bool) -> dict[str, Any]:
    """What the choice for a network depends on.

    Parameters
    ----------
    ready : the network with its normalisation.
    card : what is known of it so far.
    asked : what the config asks for, and the code.
    opaque : whether the file alone says what the network is.
    """
    shapes = [(name, tuple(tensor.shape), str(tensor.dtype)) for name, tensor in ready.state_dict().items()]
    layers = f"{ready}{shapes}{card['weights_sha256'] if opaque else ''}"
    kept = ("architecture", "input_size", "channels", "answers", "precision", "device", "threads")
    return {
        **{name: card[name] for name in kept},
        "structure": hashlib.sha256(layers.encode()).hexdigest()[:16],
        "hardware": devices[card["device"]].item().hardware(),
        "versions": {name: version(name) for name in LIBRARIES},
        **asked,
    }


def choice_path(pattern: str | Path, conditions: Mapping[str, Any]) -> Path:
    """Where the choice for these conditions is kept; `pattern` has the wildcard ``{key}`` for their digest."""
    key = hashlib.sha256(json.dumps(conditions, sort_keys=True).encode()).hexdigest()[:16]
    return Path(str(pattern).format(key=key))


def read_choice(path: Path) -> dict[str, Any] | None:
    """What `write_choice` wrote; None where there is nothing, or nothing that can be used."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and set(CHOICE) <= set(found) else None


def write_choice(path: Path, network: str, tried: Sequence[Calibration], conditions: Mapping[str, Any]) -> None:
    """Keep what was found, the best one first. Of jobs that find it out at the same time, each writes a complete file."""
    best = tried[0]
    found = {"network": network, "engine": best.engine, "batch_size": best.batch_size}
    found |= {"calibration": [asdict(trial) for trial in tried], "conditions": dict(conditions)}
    with complete(path) as part:
        part.write_text(json.dumps(found, indent=2) + "\n")


class Trials:
    """The trials of one network.

    Parameters
    ----------
    ready : the network with its normalisation, on the CPU.
    card : what is known of it so far; its device, threads and precision among it.
    frames : uint8 (frames, size, size, 3), to try it on.
    expected : of the first of these frames.
    folder : where programs are written.
    """

    def __init__(
        self, ready: "nn.Module", card: dict[str, Any], frames: NDArray[np.uint8], expected: Expected, folder: Path
    ) -> None:
        self.ready, self.card, self.frames, self.expected, self.folder = ready, card, frames, expected, folder
        self.name, self.device = card["network"], devices[card["device"]].item()

    def program(self, engine: str) -> Path:
        """The program of an engine that was tried."""
        return self.folder / engine

    def again(self, engine: str, batch_size: int) -> Calibration | None:
        """What an engine does that was chosen for another network of this structure; None where it does not do here."""
        order = race(self._runners([engine], batch_size, automatic=True), self.frames, batch_size)
        if not order or order[0].too_large:
            return None
        trial = self._asked(order[0])
        return trial if self.expected.agree(trial) else None

    def tried(self, candidates: Sequence[str], batch_size: int | None, *, automatic: bool) -> list[Calibration]:
        """What each candidate does, the one to take first: the fastest of those that agree with eager torch.

        Where the choice is `automatic`, an engine that cannot run the network is passed over. Raises ShiftscopeError where
        none agrees, or memory is too small for a single frame.
        """
        runners = self._runners(candidates, batch_size, automatic=automatic)
        refused: list[Calibration] = []
        while runners:
            order = race(runners, self.frames, LARGEST[self.card["device"]])
            if not order:
                break
            best = self._asked(order[0])
            if self.expected.agree(best):
                return [best, *map(_calibration, order[1:]), *refused]
            print(f"{self.name}: engine {best.engine} does not agree with eager torch: {best}", file=sys.stderr)
            refused.append(best)
            runners = [runner for runner in runners if runner is not order[0]]
            for runner in runners:
                runner.climbs = batch_size is None
        if not refused:
            raise ShiftscopeError(
                f"the memory of the {self.card['device']} is too small for network {self.name}, even for a single frame; "
                "leave more of it free, or run it elsewhere"
            )
        instead = "write 'engine: eager'"
        if "eager" in candidates:  # a network whose answers are not the same twice
            instead = "leave chance out of it (dropout, noise), mend its weights, or write 'precision: float32'"
        raise ShiftscopeError(
            f"engine {refused[0].engine} does not agree with eager torch on network {self.name}: a probability is off by "
            f"{percent(refused[0].largest_difference or 0)}; {instead}"
        )

    def _runners(self, candidates: Sequence[str], batch_size: int | None, *, automatic: bool) -> list[Runner]:
        first = batch_size or first_batch(self.card["device"], self.card["threads"])
        found = []
        for engine in candidates:
            try:
                run = self._loaded(engine)
            except Exception as error:
                if not automatic or engine == "eager":
                    raise
                # Tracing and converting fail on some networks in as many ways as there are converters.
                said = f"engine {engine} cannot run it: {type(error).__name__}: {error}"
                print(f"{self.name}: {said}"[:500], file=sys.stderr)
            else:
                found.append(Runner(engine, run, self.device, first, climbs=batch_size is None))
        return found

    def _loaded(self, engine: str) -> Run:
        implementation = engines[engine].item()
        implementation.save(self.ready, self.frames[:2], self.card["device"], self.program(engine), self.card)
        return implementation.load(self.program(engine), self.card, self.card["device"], self.card["threads"])

    def _asked(self, runner: Runner) -> Calibration:
        """What an engine does and answers, in batches of its best size."""
        run, count, batch = self.device.on_numpy(runner.run), len(self.expected.probabilities), runner.batch_size
        starts = range(0, count, batch)
        answers = [run(self.frames[np.arange(start, start + batch) % len(self.frames)]) for start in starts]
        difference, changed = self.expected.differences(np.concatenate(answers)[:count])
        return _calibration(runner, difference, changed)


def _calibration(runner: Runner, difference: float | None = None, changed: float | None = None) -> Calibration:
    return Calibration(runner.engine, runner.batch_size, runner.ms_per_frame, runner.too_large, difference, changed)
