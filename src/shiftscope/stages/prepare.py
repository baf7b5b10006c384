"""Networks prepared once for all later jobs: loaded, checked, described in a card, and timed on this machine."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.core.numbers import percent
from shiftscope.engines import engines
from shiftscope.engines.calibration import BATCHES, Calibration, Expected, calibrate
from shiftscope.engines.devices import devices
from shiftscope.networks import Network, Preprocessing, networks
from shiftscope.networks.answers import TRIED, check_answers, check_runs, softmax, trial_frames
from shiftscope.networks.facts import Facts, facts
from shiftscope.networks.modules import Run, available, check_precision, exact, normalised, runner

if TYPE_CHECKING:
    from torch import nn

COMPARED = {"float32": 32, "tf32": 128, "bfloat16": 128, "float16": 128}
"""Trial frames on which the answers of engines are compared with eager torch's in float32: more of them in another
precision, where it is counted how many top classes change."""


def prepare_network(
    *,
    name: str,
    kind: str,
    options: dict[str, Any],
    weights: str | Path,
    engine: str,
    batch_size: int | None,
    device: str,
    threads: int,
    seed: int,
    precision: str = "float32",
    card_path: str | Path,
    program_path: str | Path,
) -> None:
    """Load a network, choose engine and batch size, and write its program and its card, both complete or not at all.

    `engine` is the name of one, or ``auto`` for the fastest that agrees with eager torch; `device` is ``auto``, ``cpu`` or
    ``cuda``; `batch_size` None stands for the fastest; `precision` is one of `modules.PRECISIONS`. Raises ShiftscopeError
    where weights and architecture do not fit, the network does not run at its input size, the device does not compute in
    that precision, or a named engine does not agree with eager torch.
    """
    network = networks[kind].item.model_validate(options)
    device = available(device)
    check_precision(precision, device)
    exact(threads)
    wants = network.wants(Path(weights))
    print(f"{name}: {wants.shown_at(network.size)}", file=sys.stderr)
    ready = _ready(network.load(Path(weights), name), network, wants, name)
    card = _card(name, kind, options, Path(weights), network, wants, facts(ready, network.size))
    card |= {"device": device, "threads": threads, "precision": precision}
    batches = BATCHES[device] if batch_size is None else (batch_size,)
    frames = trial_frames(max(*batches, COMPARED[precision]), network.size, seed)
    expected = _expected(ready, frames, precision, device, name)  # before anything is changed by an engine
    candidates = _candidates(engine, device, precision, network, name, kind)
    with complete(card_path) as card_part, complete(program_path) as program_part:

        def program(candidate: str) -> Run:
            """The network on an engine, whose program is then the one in the file."""
            implementation = engines[candidate].item()
            implementation.save(ready, frames[:2], device, program_part, card)
            return devices[device].item().on_numpy(implementation.load(program_part, card, device, threads))

        tried = list(_trials(candidates, program, frames, expected, batches, name, automatic=engine == "auto"))
        card |= _chosen(_fastest(tried, expected, engine, name), tried, expected)
        program(card["engine"])
        card_part.write_text(json.dumps(card, indent=2) + "\n")


def network_facts(module: "nn.Module", network: Network, wants: Preprocessing) -> Facts:
    """The facts of a network at its input size. Raises ShiftscopeError where it does not run or answer with logits."""
    ready = _ready(module, network, wants, network.kind)
    return facts(ready, network.size)


def fetch_weights(*, kind: str, options: dict[str, Any], path: str | Path) -> None:
    """Fetch the published weights of a network into `path`, complete or not at all.

    Raises ShiftscopeError where the other side does not answer, or does not have them.
    """
    networks[kind].item.model_validate({**options, "kind": kind}).fetch(Path(path))


def _ready(module: "nn.Module", network: Network, wants: Preprocessing, name: str) -> "nn.Module":
    """`module` with its normalisation, answering with logits. Raises ShiftscopeError where it does not run or do that."""
    answers = network.answers or "logits"
    ready = normalised(module.eval(), wants.mean, wants.std, wants.channels, answers)
    run = runner(ready, "cpu")
    check_runs(run, name, network.size, network.outputs, wants.input_size)
    check_answers(run, name, network.answers, trial_frames(TRIED, network.size, 0))
    return ready


def _card(
    name: str, kind: str, options: dict[str, Any], weights: Path, network: Network, wants: Preprocessing, known: Facts
) -> dict[str, Any]:
    """What the card says of the network itself, whatever machine and engine it will run on."""
    return {
        "network": name,
        "kind": kind,
        "options": options,
        "architecture": getattr(network, "architecture", kind),
        "weights": str(weights),
        "weights_of": network.weights_of,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "input_size": network.size,
        "mean": wants.mean,
        "std": wants.std,
        "channels": wants.channels,
        "preprocessing": wants._asdict(),
        "outputs": network.outputs,
        "class_space": network.class_space,
        "answers": network.answers or "logits",
        **asdict(known),
    }


def _expected(ready: "nn.Module", frames: NDArray[np.uint8], precision: str, device: str, name: str) -> Expected:
    """Eager torch's answers on the first frames: on the CPU in float32, and how far they are rounded in `precision` on
    `device`.

    Raises ShiftscopeError where they are not finite in that precision.
    """

    def answers(run: Run) -> NDArray[np.float32]:
        count = COMPARED[precision]
        return np.concatenate([run(part) for part in np.array_split(frames[:count], count // 8)])  # little memory

    exactly = Expected(softmax(answers(runner(ready, "cpu"))), precision)
    if precision == "float32":
        return exactly
    there = devices[device].item()
    rounded = answers(there.on_numpy(runner(ready.to(device), device, precision)))
    ready.to("cpu")
    if not np.isfinite(rounded).all():
        raise ShiftscopeError(
            f"network {name} answers with numbers that are not finite in {precision}; write another 'precision'"
        )
    return replace(exactly, rounding=exactly.differences(rounded)[0])


def _candidates(engine: str, device: str, precision: str, network: Network, name: str, kind: str) -> list[str]:
    """The engines to try. Raises ShiftscopeError where the one that was named is unknown or cannot run the network."""
    if network.opaque:
        if engine not in ("auto", "eager"):
            raise ShiftscopeError(f"engine {engine} cannot run network {name}, a {kind} file; write 'engine: auto'")
        return ["eager"]
    if engine == "auto":
        return [
            entry.name for entry in engines if entry.item.automatic and precision in entry.item.precisions.get(device, ())
        ]
    known = engines[engine].item.precisions
    if precision not in known.get(device, ()):
        where = {"cpu": "the processor", "cuda": "a GPU"}[device]
        raise ShiftscopeError(
            f"engine {engine} does not compute in {precision} on {where}; write 'engine: auto', or another 'precision'"
        )
    return [engine]


def _trials(
    candidates: Sequence[str],
    program: Callable[[str], Run],
    frames: NDArray[np.uint8],
    expected: Expected,
    batches: Sequence[int],
    name: str,
    *,
    automatic: bool,
) -> Iterator[Calibration]:
    """What each candidate does. Where the choice is `automatic`, an engine that cannot run the network is passed over."""
    for candidate in candidates:
        try:
            run = program(candidate)
        except Exception as error:
            if not automatic or candidate == "eager":
                raise
            # Tracing and converting fail on some networks in as many ways as there are converters.
            print(f"{name}: engine {candidate} cannot run it: {type(error).__name__}: {error}"[:500], file=sys.stderr)
            continue
        trial = calibrate(candidate, run, frames, expected, batches)
        print(f"{name}: {trial}", file=sys.stderr)
        yield trial


def _chosen(best: Calibration, tried: Sequence[Calibration], expected: Expected) -> dict[str, Any]:
    """What the card says of how the network is run."""
    return {
        "changed_top1": best.changed_top1,
        "compared": len(expected.probabilities),
        "engine": best.engine,
        "batch_size": best.batch_size,
        "calibration": [asdict(trial) for trial in tried],
    }


def _fastest(tried: Sequence[Calibration], expected: Expected, engine: str, name: str) -> Calibration:
    """The fastest trial among those that agree with eager torch. Raises ShiftscopeError where none does."""
    best = min((trial for trial in tried if expected.agree(trial)), key=lambda trial: trial.ms_per_frame, default=None)
    if best is None:
        raise ShiftscopeError(
            f"engine {engine} does not agree with eager torch on network {name}: a probability is off by "
            f"{percent(tried[0].largest_difference)}; write 'engine: eager'"
        )
    return best
