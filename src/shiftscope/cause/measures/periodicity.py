"""Whether the pooled map repeats with the layer's stride as the picture moves, as the sampling theorem says."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import Sums, row_of
from shiftscope.cause.pooling import sums
from shiftscope.cause.repetition import p_value, periodic_share, similarity, spectrum
from shiftscope.core.randomness import generator
from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor


@measures.register(
    "periodicity",
    title="Periodicity",
    unit="share of the variance over shifts",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177), section 3: a network of stride s is exact for shifts by multiples of s",
)
class Periodicity(Measure):
    """Cosine similarity of the pooled map with that at shift 0, and how much of its variation repeats with the stride.

    Quantities: `periodic_share`, the share of the variance over shifts, a straight line subtracted, that repeats with the
    stride, with a p-value against shuffled shifts; about stride ÷ (number of shifts) where nothing repeats. `similarity`, a
    row for each shift. `spectrum`, a row for each period in px (in the column `shift`): shares of the variance.
    """

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        stride = layer.stride if isinstance(layer, Layer) and layer.stride else size / layer.width
        self.period, self.seed, self.layer = round(stride), seed, layer.name
        self.distance = np.abs(shifts).max(1)
        self.reason = self._reason(stride, shifts)
        self.length = 0 if self.reason else len(shifts) // self.period * self.period
        self.series: list[Floats] = []
        self.seen: list[Floats] = []

    def _reason(self, stride: float, shifts: NDArray[np.float64]) -> str:
        if self.period < 2:
            return "its stride is 1, so that there is no period"
        if abs(stride - self.period) > 1e-6:
            return f"its stride is not known, and {stride:.4g} px per cell is no whole period"
        if not np.array_equal(self.distance, np.arange(len(shifts))):
            return "the shifts are not 0, 1, 2, … px along one line"
        if len(shifts) < 2 * self.period:
            return f"{len(shifts)} shifts are fewer than two periods of {self.period} px"
        return ""

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        self.seen.append(sums(maps).double().cpu().numpy())

    def end_of_picture(self) -> None:
        self.series.append(similarity(np.concatenate(self.seen)))
        self.seen = []

    def rows(self, level: float) -> list[dict[str, object]]:
        known = np.array([series for series in self.series if np.isfinite(series).all()])
        if not len(known):
            return [{"quantity": "periodic_share", "n_images": 0, "reason": "the pooled map is 0, or not finite"}]
        found = [
            {**self._row("similarity", known[:, k], level), "shift": float(distance)}
            for k, distance in enumerate(self.distance)
        ]
        if self.reason:
            return [{"quantity": "periodic_share", "n_images": len(known), "reason": self.reason}, *found]
        series = known[:, : self.length]
        tested = self._row("periodic_share", periodic_share(series, self.period), level)
        tested |= {"p_value": p_value(series, self.period, generator(self.seed, "shuffled shifts", self.layer))}
        spectra = spectrum(series)
        found += [
            {**self._row("spectrum", spectra[:, k], level), "shift": self.length / (k + 1)} for k in range(spectra.shape[1])
        ]
        return [{**row, "n": len(self.distance)} for row in [tested, *found]]

    def _row(self, quantity: str, values: Floats, level: float) -> dict[str, object]:
        each = Sums()
        for value in values:
            each.add(value)
        return row_of(quantity, each, level, self.seed, "no picture counts")
