"""What engines are to answer, and what was found out about them on this hardware."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shiftscope.networks.answers import softmax

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
    too_large: int | None = None
    """The smallest batch that was tried and that memory had no room for; None where there was room for all."""
    largest_difference: float | None = None
    """The largest difference of any probability from eager torch's in float32, on the trial frames; in [0, 1]. None where
    the engine was not asked, since another one is faster."""
    changed_top1: float | None = None
    """The share of the trial frames whose most probable class is another one than with eager torch in float32; None as
    above."""


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
        """Whether an engine that was asked may be used: in float32 with the same top classes and all probabilities within
        `SAME`; in another precision with probabilities as near as eager torch's in it, but for a factor of `AS_ROUNDED`."""
        assert trial.largest_difference is not None
        if self.precision == "float32":
            return trial.changed_top1 == 0 and trial.largest_difference <= SAME
        return trial.largest_difference <= max(SAME, AS_ROUNDED * self.rounding)
