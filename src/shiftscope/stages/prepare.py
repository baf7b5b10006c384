"""Networks made ready once: loaded, checked, described in a card, and timed on this hardware."""

import hashlib
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.core.randomness import generator
from shiftscope.engines import engines
from shiftscope.networks import Network, Preprocessing, networks
from shiftscope.networks.answers import TRIED, check_answers
from shiftscope.networks.facts import Facts, facts
from shiftscope.networks.modules import Run, exact, normalised, runner

if TYPE_CHECKING:
    from torch import nn

BATCHES = {"cpu": (1, 2, 4, 8, 16, 32), "cuda": (8, 16, 32, 64, 128, 256)}
LONGEST_BATCH_S = 2.0
AS_FAST = 1.03
SAME = 1e-4
"""How far probabilities of an engine may lie from eager torch's."""


@dataclass(frozen=True)
class Calibration:
    """What one engine did on this hardware at its best batch size."""

    engine: str
    batch_size: int
    ms_per_frame: float
    largest_difference: float
    """Of any probability from eager torch's, on the frames it was timed on."""
    same_top1: bool

    @property
    def agrees(self) -> bool:
        return self.same_top1 and self.largest_difference <= SAME


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
    card_path: str | Path,
    program_path: str | Path,
) -> None:
    """Load the network, choose engine and batch size, and write its program and its card.

    `engine` is the name of one, or ``auto`` for the fastest that agrees with eager torch; `device` is ``auto``, ``cpu`` or
    ``cuda``. Raises ShiftscopeError where weights and architecture do not fit, the network does not run at its input size,
    or a named engine does not agree with eager torch.
    """
    network = networks[kind].item.model_validate(options)
    weights = Path(weights)
    device = available(device)
    exact(threads)
    module = network.load(weights, name)
    size = network.size
    wants = network.wants(weights)
    print(f"{name}: {wants.shown_at(size)}", file=sys.stderr)
    ready = _ready(module, network, wants, name)
    card: dict[str, Any] = {
        "network": name,
        "kind": kind,
        "options": options,
        "architecture": getattr(network, "architecture", kind),
        "weights": str(weights),
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "input_size": size,
        "mean": wants.mean,
        "std": wants.std,
        "channels": wants.channels,
        "preprocessing": wants._asdict(),
        "outputs": network.outputs,
        "class_space": network.class_space,
        "answers": network.answers or "logits",
        **asdict(facts(ready, size)),
        "device": device,
        "threads": threads,
    }
    # Before anything moves to the GPU or is changed by an engine: what eager torch says of the frames all are checked on.
    frames = trial_frames(max(BATCHES[device]) if batch_size is None else batch_size, size, seed)
    expected = softmax(np.concatenate([runner(ready, "cpu")(part) for part in np.array_split(frames[:32], 4) if len(part)]))
    names = (
        [engines[engine].name]
        if engine != "auto"
        else [entry.name for entry in engines if entry.item.automatic and device in entry.item.devices]
    )
    if network.opaque:
        if engine not in ("auto", "eager"):
            raise ShiftscopeError(f"engine {engine} cannot run network {name}, a {kind} file; write 'engine: auto'")
        names = ["eager"]
    with complete(card_path) as card_part, complete(program_path) as program_part:
        tried = []
        for candidate in names:
            try:
                run = _program(candidate, ready, frames, device, program_part, card, threads)
            except Exception as error:
                if engine != "auto" or candidate == "eager":
                    raise
                # Tracing and converting fail on some networks in as many ways as there are converters.
                print(f"{name}: engine {candidate} cannot run it: {type(error).__name__}: {error}"[:500], file=sys.stderr)
                continue
            tried.append(calibrate(candidate, run, frames, expected, [batch_size] if batch_size else BATCHES[device]))
            print(f"{name}: {tried[-1]}", file=sys.stderr)
        best = min((trial for trial in tried if trial.agrees), key=lambda trial: trial.ms_per_frame, default=None)
        if best is None:
            raise ShiftscopeError(
                f"engine {engine} does not agree with eager torch on network {name}: a probability is off by "
                f"{tried[0].largest_difference:.1g}; write 'engine: eager'"
            )
        _program(best.engine, ready, frames, device, program_part, card, threads)
        card |= {"engine": best.engine, "batch_size": best.batch_size, "calibration": [asdict(trial) for trial in tried]}
        card_part.write_text(json.dumps(card, indent=2) + "\n")


def network_facts(module: "nn.Module", network: Network, wants: Preprocessing) -> Facts:
    """Facts of a network at its input size. Raises ShiftscopeError where it does not run or answer with logits."""
    ready = _ready(module, network, wants, network.kind)
    return facts(ready, network.size)


def _ready(module: "nn.Module", network: Network, wants: Preprocessing, name: str) -> "nn.Module":
    """`module` with its normalisation, answering with logits. Raises ShiftscopeError where it does not do that."""
    answers = network.answers or "logits"
    ready = normalised(module.eval(), wants.mean, wants.std, wants.channels, answers)
    check_runs(ready, name, network.size, network.outputs, wants.input_size)
    check_answers(runner(ready, "cpu"), name, network.answers, trial_frames(TRIED, network.size, 0))
    return ready


def fetch_weights(*, kind: str, options: dict[str, Any], path: str | Path) -> None:
    """Fetch the published weights of a network into `path`, complete or not at all.

    Raises ShiftscopeError where the other side does not answer, or does not have them.
    """
    networks[kind].item.model_validate({**options, "kind": kind}).fetch(Path(path))


def _program(
    engine: str, ready: "nn.Module", frames: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any], threads: int
) -> Run:
    implementation = engines[engine].item()
    implementation.save(ready, frames[:2], device, path, card)
    return implementation.load(path, card, device, threads)


def available(device: str) -> str:
    """``cuda`` or ``cpu`` for what the config says. Raises ShiftscopeError where CUDA is demanded and there is none."""
    import torch

    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise ShiftscopeError("this machine has no CUDA device that torch can use; write 'device: auto' or 'device: cpu'")
    return "cuda" if cuda and device != "cpu" else "cpu"


def trial_frames(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """uint8 (count, size, size, 3): smooth random textures, closer to pictures than white noise is."""
    rng = generator(seed, "trial frames")
    coarse = rng.integers(0, 256, (count, 8, 8, 3))
    index = np.linspace(0, 7, size)
    low, share = np.floor(index).astype(int).clip(0, 6), (index - np.floor(index).clip(0, 6))
    for axis in (1, 2):
        weight = share.reshape([-1 if k == axis else 1 for k in range(4)])
        coarse = np.take(coarse, low, axis) * (1 - weight) + np.take(coarse, low + 1, axis) * weight
    return (coarse + rng.normal(0, 8, coarse.shape)).clip(0, 255).astype(np.uint8)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities (…, outputs), each row summing to 1."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def calibrate(
    engine: str,
    run: Run,
    frames: NDArray[np.uint8],
    expected: NDArray[np.float64],
    batches: Iterable[int],
) -> Calibration:
    """Time `run` at each batch size (best of three after two to warm up) and compare it with eager torch's `expected`."""
    timed: dict[int, float] = {}
    for batch in batches:
        part = frames[:batch]
        run(part), run(part)
        durations = []
        for _ in range(3):
            start = time.perf_counter()
            run(part)
            durations.append(time.perf_counter() - start)
        timed[batch] = min(durations) / batch
        if min(durations) > LONGEST_BATCH_S:
            break
    # Where times are as good as equal, the larger batch waits less often for its slowest frame.
    best = max(batch for batch in timed if timed[batch] <= AS_FAST * min(timed.values()))
    starts = range(0, len(expected), best)
    answers = softmax(np.concatenate([run(frames[start : start + best]) for start in starts])[: len(expected)])
    return Calibration(
        engine,
        best,
        1000 * timed[best],
        float(np.abs(answers - expected).max()),
        bool((answers.argmax(1) == expected.argmax(1)).all()),
    )


def check_runs(ready: "nn.Module", name: str, size: int, outputs: int, made_for: int | None = None) -> None:
    """Raise ShiftscopeError unless the network takes frames of `size` px and answers with `outputs` numbers each."""
    try:
        answers = runner(ready, "cpu")(np.zeros((2, size, size, 3), np.uint8))
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        other = f"'input_size: {made_for}'" if made_for not in (None, size) else "another 'input_size'"
        raise ShiftscopeError(f"network {name} does not run on {size} × {size} px ({reason}); write {other}") from None
    if answers.shape != (2, outputs):
        raise ShiftscopeError(
            f"network {name} answers with {answers.shape[1:]} numbers a frame, not {outputs}; set 'outputs'"
        )
