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
"""How far any probability of an engine may lie from eager torch's."""


@dataclass(frozen=True)
class Calibration:
    """What one engine did on this hardware at its best batch size."""

    engine: str
    batch_size: int
    ms_per_frame: float
    largest_difference: float
    """The largest difference of any probability from eager torch's, on the trial frames; in [0, 1]."""
    same_top1: bool
    """Whether every trial frame has the same most probable class as with eager torch."""

    @property
    def agrees(self) -> bool:
        """Whether the engine may be used: the same top classes, and no probability off by more than `SAME`."""
        return self.same_top1 and self.largest_difference <= SAME


def calibrate(
    engine: str,
    run: Run,
    frames: NDArray[np.uint8],
    expected: NDArray[np.float64],
    batches: Iterable[int],
) -> Calibration:
    """Time an engine at several batch sizes and compare its answers with eager torch's.

    Of each batch size, the best of three runs counts, after two runs to warm up.

    Parameters
    ----------
    engine : its name.
    run : the network on this engine.
    frames : uint8 (at least the largest batch, size, size, 3).
    expected : (n, outputs), eager torch's probabilities of the first n frames.
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
    starts = range(0, len(expected), best)
    answers = softmax(np.concatenate([run(frames[start : start + best]) for start in starts])[: len(expected)])
    return Calibration(
        engine,
        best,
        1000 * timed[best],
        float(np.abs(answers - expected).max()),
        bool((answers.argmax(1) == expected.argmax(1)).all()),
    )
