"""Consecutive frames of a film, between which both the objects and the camera move."""

from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from pydantic import Field

from shiftscope.core import limits
from shiftscope.protocols import Picture, Sequence, Unfit, protocols
from shiftscope.protocols.centre import CentreCropping


@protocols.register(
    "natural",
    title="neighbouring film frames",
    unit="frame",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 1, natural; pm-k: Shankar et al. 2019 (arXiv 1906.02168)",
    needs=("film",),
)
class Natural(CentreCropping):
    """The frames of a clip, each resized and centre cropped as by the protocol `centre`. The swept value is the frame's
    number in its clip. Frames between which others are missing, such as `f1.png` and `f3.png` of a folder, are no
    neighbours."""

    frames: int = Field(100, ge=2, le=limits.STEPS)
    """The largest number of frames that are taken of each clip. A clip with fewer frames is used if it has at least two."""
    stride: int = Field(1, ge=1, le=limits.COUNT)
    """The step from one frame that is taken to the next: 1 takes every frame, 2 every second one."""
    start: int = Field(0, ge=0, le=limits.COUNT)
    """The number of the first frame in the clip."""

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        if picture.film is None:
            raise Unfit("is no film")
        numbers = range(self.start, picture.film_frames, self.stride)[: self.frames]
        if len(numbers) < 2:
            raise Unfit(
                f"has {picture.film_frames} frames, and fewer than two are left from frame {self.start} by steps of"
                f" {self.stride}"
            )
        crops = [self.centre_crop(pixels, size) for pixels in picture.film(numbers)]
        torn = [any(before < gap <= now for gap in picture.film_gaps) for before, now in pairwise(numbers)]
        frames = [
            replace(frame, value=number, canvas=canvas, run=run)
            for canvas, (number, (_, frame), run) in enumerate(
                zip(numbers, crops, accumulate(torn, initial=0), strict=True)
            )
        ]
        return Sequence([pixels for pixels, _ in crops], frames)
