"""How fast an engine runs a network on this machine, and whether it answers as eager torch does."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftscope.networks.answers import softmax
from shiftscope.networks.modules import Run

BATCHES = {"cpu": (1, 2, 4, 8, 16, 32), "cuda": (8, 16, 32, 64, 128, 256)}
"""Batch sizes that are tried on each device, from the smallest."""
LONGEST_BATCH_S = 2.0
"""Seconds for a batch above which no larger batch is tried."""
AS_FAST = 1.03
"""Times per frame that differ by less than this factor count as equal."""
SAME = 1e-4
"""How far any probability of an engine may lie from eager torch's, where both compute in float32."""
AS_ROUNDED = 3.0
"""In another precision: how many times as far as eager torch's in that precision."""


@dataclass(frozen=True)
class Calibration:
    """What one engine did on this hardware at its best batch size."""

    engine: str
    batch_size: int
    ms_per_frame: float
    largest_difference: float
    """The largest difference of any probability from eager torch's in float32, on the trial frames; in [0, 1]."""
    changed_top1: float
    """The share of the trial frames whose most probable class is another one than with eager torch in float32."""


@dataclass(frozen=True)
class Expected:
    """What engines are to answer on the trial frames, within the rounding of their precision."""

    probabilities: NDArray[np.float64]
    """(frames, outputs): eager torch's in float32."""
    precision: str
    rounding: float = 0.0
    """The largest difference of eager torch's probabilities in `precision` from these."""

    def differences(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        """The largest difference of a probability, and the share of frames with another top class; nan where logits of the
        same frames are not finite."""
        if not np.isfinite(logits).all():
            return float("nan"), float("nan")
        found = softmax(logits)
        changed = found.argmax(1) != self.probabilities.argmax(1)
        return float(np.abs(found - self.probabilities).max()), float(changed.mean())

    def agree(self, trial: Calibration) -> bool:
        """Whether an engine may be used: in float32 with the same top classes and all probabilities within `SAME`; in
        another precision with probabilities as near as eager torch's in it, but for a factor of `AS_ROUNDED`."""
        if self.precision == "float32":
            return trial.changed_top1 == 0 and trial.largest_difference <= SAME
        return trial.largest_difference <= max(SAME, AS_ROUNDED * self.rounding)


def calibrate(
    engine: str,
    run: Run,
    frames: NDArray[np.uint8],
    expected: Expected,
    batches: Iterable[int],
) -> Calibration:
    """Time an engine at several batch sizes and compare its answers with eager torch's.

    Of each batch size, the best of three runs counts, after two runs to warm up.

    Parameters
    ----------
    engine : its name.
    run : the network on this engine.
    frames : uint8 (at least the largest batch, size, size, 3).
    expected : of the first of these frames.
    batches : batch sizes, from the smallest; larger ones are left out once a batch takes more than `LONGEST_BATCH_S`.
    """
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
    count = len(expected.probabilities)
    answers = np.concatenate([run(frames[start : start + best]) for start in range(0, count, best)])[:count]
    return Calibration(engine, best, 1000 * timed[best], *expected.differences(answers))
