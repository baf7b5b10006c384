"""Networks prepared once for all later jobs: loaded, checked, described in a card, and timed on this machine."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete, scratch
from shiftscope.engines import engines
from shiftscope.engines.calibration import Calibration, Expected
from shiftscope.engines.devices import devices
from shiftscope.networks import Network, Preprocessing, networks
from shiftscope.networks.answers import TRIED, check_answers, check_runs, softmax, trial_frames
from shiftscope.networks.facts import Facts, facts
from shiftscope.networks.modules import Run, available, check_precision, exact, normalised, runner
from shiftscope.stages.choosing import Trials, choice_path, conditions, read_choice, write_choice

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
    choices: str | Path | None = None,
    code: str = "",
    card_path: str | Path,
    program_path: str | Path,
) -> None:
    """Load a network, choose engine and batch size, and write its program and its card, both complete or not at all.

    `engine` is the name of one, or ``auto`` for the fastest that agrees with eager torch; `device` is ``auto``, ``cpu`` or
    ``cuda``; `batch_size` None stands for the fastest; `precision` is one of `modules.PRECISIONS`. `choices` is the pattern
    of the files (`choosing.choice_path`) in which choices are kept for other networks of the same structure, if they are,
    and `code` a digest of the code, on which they depend.

    Raises ShiftscopeError where weights and architecture do not fit, the network does not run at its input size, the device
    does not compute in that precision or has too little memory, or a named engine does not agree with eager torch.
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
    frames = trial_frames(COMPARED[precision], network.size, seed)
    expected = _expected(ready, frames, precision, device, name)  # before anything is changed by an engine
    candidates = _candidates(engine, device, precision, network, name, kind)
    known = conditions(ready, card, {"engine": engine, "batch_size": batch_size, "code": code}, network.opaque)
    with (
        complete(card_path) as card_part,
        complete(program_path) as program_part,
        scratch(Path(program_path).with_name("engines")) as folder,
    ):
        trials = Trials(ready, card, frames, expected, folder)
        tried, tried_on = _chosen(trials, candidates, engine == "auto", batch_size, choices, known)
        trials.program(tried[0].engine).replace(program_part)
        card |= _running(tried, tried_on, len(frames))
        card_part.write_text(json.dumps(card, indent=2) + "\n")


def network_facts(module: "nn.Module", network: Network, wants: Preprocessing, name: str) -> Facts:
    """The facts of a network at its input size. Raises ShiftscopeError, in which it is called `name`, where it does not run
    or answer with logits."""
    ready = _ready(module, network, wants, name)
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
    """Eager torch's answers on `frames`: on the CPU in float32, and how far they are rounded in `precision` on `device`.

    Raises ShiftscopeError where they are not finite in that precision.
    """

    def answers(run: Run) -> NDArray[np.float32]:
        return np.concatenate([run(part) for part in np.array_split(frames, len(frames) // 8)])  # little memory

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


def _chosen(
    trials: Trials,
    candidates: Sequence[str],
    automatic: bool,
    batch_size: int | None,
    choices: str | Path | None,
    known: Mapping[str, Any],
) -> tuple[list[Calibration], str]:
    """What the engines do that were tried, the one to take first, and the name of the network that they were tried on: this
    one, or an earlier one for which all conditions were the same."""
    path = None if choices is None else choice_path(choices, known)
    choice = read_choice(path) if path else None
    if choice and choice["engine"] in candidates:
        print(f"{trials.name}: tried before, as {choice['network']}: {path}", file=sys.stderr)
        again = trials.again(choice["engine"], choice["batch_size"])
        if again:
            print(f"{trials.name}: {again}", file=sys.stderr)
            return [again], choice["network"]
        print(f"{trials.name}: that does not do here", file=sys.stderr)
    tried = trials.tried(candidates, batch_size, automatic=automatic)
    for trial in tried:
        print(f"{trials.name}: {trial}", file=sys.stderr)
    if path:
        write_choice(path, trials.name, tried, known)
    return tried, trials.name


def _running(tried: Sequence[Calibration], tried_on: str, compared: int) -> dict[str, Any]:
    """What the card says of how the network is run."""
    best = tried[0]
    return {
        "changed_top1": best.changed_top1,
        "compared": compared,
        "engine": best.engine,
        "batch_size": best.batch_size,
        "calibration": [asdict(trial) for trial in tried],
        "tried_on": tried_on,
    }
