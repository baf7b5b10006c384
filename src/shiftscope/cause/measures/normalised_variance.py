"""How much a pooled map changes as a picture moves, compared with how much it changes from picture to picture."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import ONE_FRAME, jackknife, left_out
from shiftscope.cause.pooling import Pooled
from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor

GROUPS = 20
"""Of pictures, for the interval."""


def normalised_variance(count: float, within: Floats, mean: Floats, square: Floats) -> float:
    """Variance over shifts, averaged over pictures, ÷ variance over pictures of the mean over shifts: the median over the
    channels that differ between pictures; nan where none does.

    Parameters
    ----------
    count : pictures.
    within, mean, square : (channels,) each, sums over pictures of the variance over shifts, of the mean over shifts, and of
        that mean's square.

    The median, and not the mean, since a channel that hardly differs between pictures has a ratio without bounds.

    >>> normalised_variance(2, np.array([2.0]), np.array([4.0]), np.array([16.0]))  # 1, and means 0 and 4: 1 ÷ 8
    0.125
    """
    between = (square - mean**2 / count) / max(count - 1, 1)
    differs = between > 1e-12 * square / count
    return float(np.median(within[differs] / count / between[differs])) if count > 1 and differs.any() else float("nan")


@measures.register(
    "normalised_variance",
    title="Normalised variance",
    unit="ratio",
    reference="variance over transformations ÷ variance over samples (Quiroga et al. 2023, transformational measures)",
)
class NormalisedVariance(Measure):
    """0 where the pooled map does not change as the picture moves; 1 where moving a picture changes it as much as another
    picture does. Unlike nonshiftability it has no threshold, and it does not depend on a map's mean.

    Quantity: `ratio`, the median over channels. Its interval leaves out one of 20 groups of pictures after another.
    """

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        self.channels, self.frames = layer.channels, len(shifts)
        self.pictures = self.lost = 0
        self.counts = np.zeros(GROUPS)
        self.sums = np.zeros((GROUPS, 3, layer.channels))
        self.pooled = Pooled(layer, self.frames)

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        self.pooled.see(maps)

    def end_of_picture(self) -> None:
        pooled = self.pooled.end_of_picture()
        if not np.isfinite(pooled).all():
            self.lost += 1
            return
        group = self.pictures % GROUPS
        self.pictures += 1
        self.counts[group] += 1
        mean = pooled.mean(0)
        self.sums[group] += [pooled.var(0, ddof=min(1, len(pooled) - 1)), mean, mean**2]

    def rows(self, level: float) -> list[dict[str, object]]:
        found: dict[str, object] = {"quantity": "ratio", "n_images": self.pictures, "n": self.channels}
        lost = left_out(self.lost, self.pictures + self.lost)

        def said(reason: str) -> str | None:
            return "; ".join(filter(None, (reason, lost))) or None

        total, count = self.sums.sum(0), self.counts.sum()
        if self.frames < 2:
            return [{**found, "n_images": 0, "reason": ONE_FRAME}]
        if count < 2:
            return [{**found, "reason": said("one picture, and the variance over pictures needs two" if count else "")}]
        estimate = normalised_variance(count, *total)
        if np.isnan(estimate):
            return [{**found, "reason": said("no channel differs between pictures")}]
        used = np.flatnonzero(self.counts)
        without = np.array([normalised_variance(count - self.counts[k], *(total - self.sums[k])) for k in used])
        if len(used) < 3 or np.isnan(without).any():
            few = "fewer than three pictures, or too few in which a channel differs, for an interval"
            return [{**found, "estimate": estimate, "reason": said(few)}]
        low, high = jackknife(estimate, without, level)
        return [{**found, "estimate": estimate, "ci_low": max(0.0, low), "ci_high": high, "reason": said("")}]
