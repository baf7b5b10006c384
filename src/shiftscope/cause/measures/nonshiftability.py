"""How often the sum of a map over space changes as the picture moves: what a network that pools at the end loses."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import ONE_FRAME, Sums, row_of
from shiftscope.cause.pooling import Pooled, absolute_sums
from shiftscope.core.randomness import generator
from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 0.2
"""Of the mean over shifts: the paper's."""
ABOUT_ZERO = 1e-3
"""Of the sum of absolute values: if the mean sum is no larger than this, 20 % of it says nothing about the map."""
CHANNELS = 10
"""Channels of the paper's reading."""


def beyond(sums_of_shifts: Floats, absolute: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """At how many shifts each channel's sum leaves its mean over shifts by more than 20 % of that mean (Azulay & Weiss
    2018, figure 5), and which channels have a mean that is not about 0: both (channels,).

    Parameters
    ----------
    sums_of_shifts : (shifts, channels), sums of the map over space.
    absolute : (channels,), sums of the absolute values of the first map: how large a sum could be that does not cancel.

    >>> counts, known = beyond(np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.array([1.0, 0.0]))
    >>> counts.tolist(), known.tolist()  # the mean is 4/3: 1 is 25 % below it, 2 is 50 % above
    ([3, 0], [True, False])
    """
    mean = sums_of_shifts.mean(0)
    known = np.abs(mean) > ABOUT_ZERO * absolute
    counts = (np.abs(sums_of_shifts - mean) > TOLERANCE * np.abs(mean)).sum(0)
    return np.where(known, counts, 0), known


@measures.register(
    "nonshiftability",
    title="Nonshiftability",
    unit="share of shifts",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177), figure 5: sums more than 20 % away from their mean over shifts",
)
class Nonshiftability(Measure):
    """0 where the sum over space, which is what global pooling keeps, is nearly the same wherever the picture is.

    Quantities: `share`, over all channels and shifts; `paper`, the paper's reading: a number of shifts, the mean over 10
    channels drawn at random for this layer; `left_out`, the share of channels whose mean is about 0.
    """

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        rng = generator(seed, "nonshiftability", layer.name)
        self.drawn = rng.choice(layer.channels, min(CHANNELS, layer.channels), replace=False)
        self.seed, self.channels = seed, layer.channels
        self.share, self.paper, self.left_out = Sums(), Sums(), Sums()
        self.frames = len(shifts)
        self.pooled = Pooled(layer, self.frames)
        self.absolute = np.zeros(layer.channels)

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        if frames[0] == 0:
            # Of one frame: reading all maps once more would cost as much as a layer or two.
            self.absolute = absolute_sums(maps[:1])[0].double().cpu().numpy()
        self.pooled.see(maps)

    def end_of_picture(self) -> None:
        total = self.pooled.end_of_picture()
        if not np.isfinite(total).all():
            for quantity in (self.share, self.paper, self.left_out):
                quantity.add(np.nan)
            return
        counts, known = beyond(total, self.absolute)
        self.share.add(counts.sum(), known.sum() * len(total))
        self.paper.add(counts[self.drawn].sum(), known[self.drawn].sum())
        self.left_out.add((~known).sum(), self.channels)

    def rows(self, level: float) -> list[dict[str, object]]:
        zero = "the sum of every channel is about 0, and 20 % of that says nothing"
        if self.frames < 2:
            names = ("share", "paper", "left_out")
            return [{"quantity": name, "n_images": 0, "n": self.channels, "reason": ONE_FRAME} for name in names]
        found = [
            row_of("share", self.share, level, self.seed, zero, share=True),
            row_of("paper", self.paper, level, self.seed, zero),
            row_of("left_out", self.left_out, level, self.seed, zero, share=True),
        ]
        return [{**row, "n": self.channels} for row in found]
