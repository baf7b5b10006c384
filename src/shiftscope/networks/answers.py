"""The answers of a network, and whether they are logits that depend on the frame alone, not on the rest of its batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.numbers import percent
from shiftscope.core.randomness import generator
from shiftscope.networks.modules import Run

TRIED = 3
"""How many different frames `check_answers` looks at."""
BATCHES = ((0, 0), (0, 1), (1, 0), (2, 1), (0, 2), (2, 2))
"""The batches that `check_answers` tries: each frame beside itself, and before and behind another one. All are of two
frames, since some programs do not take a single one."""
NOISE = 1e-4
"""How far two answers about one frame may differ, as a share of the range of the network's answers. Rounding in float32
makes less than a hundredth of that (ResNet-50, ViT, DenseNet-121, SqueezeNet: 1e-7 to 2e-7)."""
WHOLE = 1e-3
"""How far from 1 the sum of probabilities may be: those of a network that computes in float16 are rounded."""


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities of logits, (…, outputs), in float64; each row sums to 1.

    >>> softmax(np.log([1.0, 3.0]))  # exp(log 1) : exp(log 3) = 1 : 3
    array([0.25, 0.75])
    """
    shares, total = powers(logits)
    return np.asarray(shares / total)


def powers(logits: Any, xp: Any = np) -> tuple[Any, Any]:
    """exp(logit − largest logit), (…, outputs), and its sum over the outputs, (…, 1): the two parts of `softmax`.

    Both are float64. `logits` are an array of the library `xp`, numpy or torch, and so are the results.

    >>> powers(np.log([1.0, 4.0]))
    (array([0.25, 1.  ]), array([1.25]))
    """
    shifted = xp.exp(xp.asarray(logits, dtype=xp.float64) - xp.amax(logits, axis=-1, keepdims=True))
    return shifted, shifted.sum(-1, keepdims=True)


def trial_frames(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """Frames to try a network on: uint8 (count, size, size, 3). They are smooth random textures with a little noise, which
    are closer to pictures than white noise is.

    >>> trial_frames(2, 32, seed=0).shape
    (2, 32, 32, 3)
    """
    rng = generator(seed, "trial frames")
    coarse = rng.integers(0, 256, (count, 8, 8, 3))
    index = np.linspace(0, 7, size)
    low, share = np.floor(index).astype(int).clip(0, 6), (index - np.floor(index).clip(0, 6))
    for axis in (1, 2):
        weight = share.reshape([-1 if k == axis else 1 for k in range(4)])
        coarse = np.take(coarse, low, axis) * (1 - weight) + np.take(coarse, low + 1, axis) * weight
    return (coarse + rng.normal(0, 8, coarse.shape)).clip(0, 255).astype(np.uint8)


def check_runs(run: Run, name: str, size: int, outputs: int, made_for: int | None = None) -> None:
    """Raise ShiftscopeError unless a network takes frames of `size` × `size` px and answers with `outputs` numbers each.

    `name` is what the network is called in the message, and `made_for` the size in px that its source names, if it does.
    """
    try:
        answers = run(np.zeros((2, size, size, 3), np.uint8))
    except (AttributeError, TypeError, KeyError, IndexError) as error:  # `float` of what is no tensor
        raise ShiftscopeError(
            f"network {name} does not take a batch of pictures, or does not answer with one tensor ({error}); it must take "
            "(batch, 3, height, width) and answer with (batch, outputs)"
        ) from None
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        other = f"'input_size: {made_for}'" if made_for not in (None, size) else "another 'input_size'"
        raise ShiftscopeError(f"network {name} does not run on {size} × {size} px ({reason}); write {other}") from None
    if answers.shape != (2, outputs):
        raise ShiftscopeError(
            f"network {name} answers with {answers.shape[1:]} numbers a frame, not {outputs}; set 'outputs'"
        )


def check_answers(run: Run, name: str, said: str | None, frames: NDArray[np.uint8]) -> None:
    """Raise ShiftscopeError where the answers of network `name` cannot be used as logits.

    They cannot where they are not finite, where the same frame gets another answer the next time or beside other frames of
    a batch, and where they are probabilities. The answers of a sigmoid for each class cannot be told from logits, and pass.

    Parameters
    ----------
    run : the network, frames → logits; where `said` is ``probabilities``, the logarithm of its answers.
    said : what the user set as `Network.answers`: ``logits`` is believed, ``probabilities`` is checked, and with None
        probabilities are refused.
    frames : uint8 (at least TRIED, size, size, 3), all different.
    """
    answers: list[list[NDArray[np.float32]]] = [[] for _ in range(TRIED)]
    for batch in BATCHES:
        for place, answer in zip(batch, run(frames[list(batch)]), strict=True):
            answers[place].append(answer)
    again = run(frames[list(BATCHES[0])])[0]
    alone = _alone(run, frames[:1])
    answers[0] += alone
    everything = np.concatenate([np.stack(each) for each in answers])
    if not np.isfinite(everything).all():
        raise ShiftscopeError(
            f"network {name} answers with numbers that are not finite (NaN or infinite); its weights, or its 'mean' and "
            "'std', are not right"
        )
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
    """The answer about a frame that is alone in its batch; an empty list where the network takes no such batch."""
    try:
        return [run(frame)[0]]
    except (RuntimeError, ValueError, AssertionError):
        return []


def _check_kind(answers: NDArray[np.float32], name: str, said: str | None) -> None:
    """Raise ShiftscopeError where `answers`, (frames, outputs), are probabilities and should not be, or the reverse."""
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
            f"network {name} is set to 'answers: probabilities', but its answers about a frame sum to {percent(strange)}, "
            "not to 100 %; leave that key out if they are logits"
        )
