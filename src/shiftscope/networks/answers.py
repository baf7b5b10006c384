"""Whether a network's answers are what they are taken for: logits, of each frame whatever else is in its batch."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.modules import Run

TRIED = 3
"""Different frames that `check_answers` looks at."""
BATCHES = ((0, 0), (0, 1), (1, 0), (2, 1), (0, 2), (2, 2))
"""Each frame with itself and with another one, before and behind it. All are of two: some programs take no single frame."""
NOISE = 1e-4
"""Of the range of a network's answers: how far two answers about one frame may differ. Rounding makes less than a hundredth
of that in float32 (ResNet-50, ViT, DenseNet-121, SqueezeNet: 1e-7 to 2e-7)."""
WHOLE = 1e-3
"""How far from 1 probabilities may sum to: those of a network that computes in float16 are rounded."""


def check_answers(run: Run, name: str, said: str | None, frames: NDArray[np.uint8]) -> None:
    """Raise ShiftscopeError where the answers of network `name` cannot be used as logits.

    That is, where they differ from one time to the next, or with the other frames of the batch, or are probabilities.
    Answers that are neither, such as those of a sigmoid for each class, cannot be told from logits.

    Parameters
    ----------
    run : the network, frames → logits; where `said` is ``probabilities``, the logarithm of its answers.
    said : `Network.answers`; with ``logits``, nobody doubts it, and None is for finding out.
    frames : (at least TRIED, size, size, 3), all different.
    """
    answers: list[list[NDArray[np.float32]]] = [[] for _ in range(TRIED)]
    for batch in BATCHES:
        for place, answer in zip(batch, run(frames[list(batch)]), strict=True):
            answers[place].append(answer)
    again = run(frames[list(BATCHES[0])])[0]
    alone = _alone(run, frames[:1])
    answers[0] += alone
    everything = np.concatenate([np.stack(each) for each in answers])
    # The second part is for networks that answer nearly the same to everything.
    noise = NOISE * float(np.ptp(everything)) + 1e-6 * float(np.abs(everything).max())
    if np.abs(again - answers[0][0]).max() > noise:
        raise ShiftscopeError(
            f"network {name} answers the same frames differently each time, so something random is left on in it, such as "
            "dropout; save it, or return it, as it is after eval()"
        )
    moved = max(float(np.ptp(np.stack(each), axis=0).max()) for each in answers)
    if moved > noise:
        raise ShiftscopeError(
            f"network {name} answers differently about a frame when others are in its batch (by up to {moved:.2g}), as "
            "batch normalisation does that was left in training mode or keeps no statistics; save it as it is after eval()"
        )
    _check_kind(np.stack([each[0] for each in answers]), name, said)


def _alone(run: Run, frame: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """What it says of a frame without any other; nothing where it was made for larger batches."""
    try:
        return [run(frame)[0]]
    except (RuntimeError, ValueError, AssertionError):
        return []


def _check_kind(answers: NDArray[np.float32], name: str, said: str | None) -> None:
    values = np.exp(answers.astype(np.float64)) if said == "probabilities" else answers.astype(np.float64)
    sums = values.sum(1)
    shares = bool((values >= 0).all() and (np.abs(sums - 1) <= WHOLE).all())
    if said is None and shares and np.ptp(values, axis=0).any():
        raise ShiftscopeError(
            f"network {name} answers with probabilities (never below 0, and summing to 1) where logits are expected; leave "
            "out the softmax at its end, or write 'answers: probabilities' for this network"
        )
    if said == "probabilities" and not shares:
        strange = sums[np.abs(sums - 1).argmax()]
        raise ShiftscopeError(
            f"network {name} is set to 'answers: probabilities', but its answers about a frame sum to {strange:.3g}, not "
            "to 1; leave that key out if they are logits"
        )
