"""Whether the pooled map repeats with the layer's stride as the picture moves, as the sampling theorem says."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import left_out, rows_of_means
from shiftscope.cause.pooling import Pooled
from shiftscope.cause.repetition import p_value, peak_weights, periodic_share, similarity, spectrum
from shiftscope.core.randomness import generator
from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor

ZERO = "the pooled map is 0 at some shift, and has no direction there"


@measures.register(
    "periodicity",
    title="Periodicity",
    unit="cosine similarity",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177), section 3: exact only for shifts by multiples of the stride",
)
class Periodicity(Measure):
    """Cosine similarity of the pooled map with that at shift 0, and whether it repeats with the layer's stride.

    Quantities: see `periodicity`. It keeps one number per picture and shift.
    """

    of_output: ClassVar[bool] = True

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        self.stride = layer.stride if isinstance(layer, Layer) and layer.stride else size / layer.width
        self.shifts, self.seed, self.layer = shifts, seed, layer
        self.series: list[Floats] = []
        self.pooled = Pooled(layer, len(shifts))

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        self.pooled.see(maps)

    def end_of_picture(self) -> None:
        pooled = self.pooled.end_of_picture()
        # What is not finite is told from what is 0: the one is infinite here, the other not a number.
        self.series.append(similarity(pooled) if np.isfinite(pooled).all() else np.full(len(pooled), np.inf))

    def rows(self, level: float) -> list[dict[str, object]]:
        series = np.array(self.series).reshape(-1, len(self.shifts))
        rng = generator(self.seed, "shuffled shifts", self.layer.name)
        return periodicity(series, self.shifts, self.stride, level=level, seed=self.seed, rng=rng)


def periodicity(
    series: Floats, shifts: Floats, stride: float, *, level: float, seed: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Rows, as `Measure.rows`, of series over shifts that begin with shift 0.

    `peak`: how high the similarity at multiples of the stride stands above a parabola through its neighbours
    (`repetition.peak_weights`). `periodic_share`: the share of the variance over shifts, less a straight line, that repeats
    with the stride; it finds weaker repetitions than the peak does. Both with a p-value against shuffled shifts
    (`repetition.p_value`). `similarity`: a row for each shift. `spectrum`: a row for each period (px, in the column
    `shift`), shares of the variance less a straight line.

    Parameters
    ----------
    series : (pictures, shifts), similarities to shift 0, as `repetition.similarity` gives them.
    shifts : (shifts, 2), px to the right and down.
    stride : px, the period that theory says.
    """
    finite = np.isfinite(series).all(1)
    known = series[finite]
    lost = "; ".join(filter(None, (left_out(int(np.isinf(series).any(1).sum()), len(series)), _zero(series))))
    tested = ("peak", "periodic_share")
    if not len(known):
        return [{"quantity": name, "n_images": 0, "n": len(shifts), "reason": lost} for name in tested]

    def rows(quantities: Sequence[str], values: Floats) -> list[dict[str, object]]:
        found = rows_of_means(quantities, values, level, seed)
        said = ["; ".join(filter(None, (str(row["reason"] or ""), lost))) or None for row in found]
        return [{**row, "n": len(shifts), "reason": reason} for row, reason in zip(found, said, strict=True)]

    distance = np.abs(shifts).max(1)
    curve = rows(["similarity"] * len(shifts), known)
    curve = [{**row, "shift": float(px)} for row, px in zip(curve, distance, strict=True)]
    reason = why_not(shifts, stride)
    if reason:
        nothing = {"n_images": len(known), "n": len(shifts), "reason": reason}
        return [*({"quantity": name, **nothing} for name in tested), *curve]
    period = round(stride)
    length = len(shifts) // period * period
    weights = peak_weights(length, period)
    statistics = (partial(_product, weights=weights), partial(periodic_share, period=period))
    spectra = spectrum(known[:, :length])
    spectral = rows(["spectrum"] * spectra.shape[1], spectra)
    values = np.stack([statistic(known[:, :length]) for statistic in statistics], 1)
    p_values = [p_value(known[:, :length], statistic, rng) for statistic in statistics]
    return [
        *({**row, "p_value": p} for row, p in zip(rows(tested, values), p_values, strict=True)),
        *curve,
        *({**row, "shift": length / (k + 1)} for k, row in enumerate(spectral)),
    ]


def why_not(shifts: Floats, stride: float) -> str:
    """Why a period of `stride` px cannot be asked of a sequence of `shifts`, (shifts, 2); empty where it can.

    >>> why_not(np.array([[0.0, 0], [1, 1], [2, 2]]), 2)
    '3 shifts are fewer than two periods of 2 px'
    """
    period = round(stride)
    if period < 2:
        return "its stride is 1, so that there is no period"
    if abs(stride - period) > 1e-6:
        return f"its stride is not known, and {stride:.4g} px per cell is no whole period"
    if len(shifts) < 2 * period:
        return f"{len(shifts)} shifts are fewer than two periods of {period} px"
    if not np.array_equal(shifts, np.arange(len(shifts))[:, None] * np.sign(shifts[1])):
        return "the shifts are not 0, 1, 2, … px along one line"
    return ""


def _zero(series: Floats) -> str:
    count = int(np.isnan(series).any(1).sum())
    return f"{count} of {len(series)} pictures are left out: {ZERO}" if count else ""


def _product(series: Floats, weights: Floats) -> Floats:
    return np.asarray(series @ weights)
