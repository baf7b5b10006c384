"""The frames of a film, one after the other: what moves is the world and the camera, and a little of everything else."""

from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from pydantic import Field

from shiftscope.protocols import Picture, Protocol, Sequence, Unfit, protocols
from shiftscope.protocols.centre import centre_crop
from shiftscope.resizers import ResizerName


@protocols.register(
    "natural",
    title="neighbouring film frames",
    unit="frame",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 1, natural; pm-k: Shankar et al. 2019 (arXiv 1906.02168)",
    needs=("film",),
)
class Natural(Protocol):
    """The frames of a clip, each resized and centre cropped as the protocol `centre` does. The swept value is the frame's
    number in its clip. Frames between which others are missing (a folder's `f1.png` and `f3.png`) are no neighbours."""

    frames: int = Field(100, ge=2)
    """At most so many frames of each clip; a clip that has fewer gives what it has, but at least two."""
    stride: int = Field(1, ge=1)
    """Take every so-manyth frame."""
    start: int = Field(0, ge=0)
    """The number of the first frame in the clip."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side: .875 is 224 of 256."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        if picture.film is None:
            raise Unfit("is no film")
        numbers = range(self.start, picture.film_frames, self.stride)[: self.frames]
        if len(numbers) < 2:
            raise Unfit(
                f"has {picture.film_frames} frames, and fewer than two are left from frame {self.start} by steps of"
                f" {self.stride}"
            )
        crops = [centre_crop(pixels, size, self.crop_fraction, self.resizer) for pixels in picture.film(numbers)]
        torn = [any(before < gap <= now for gap in picture.film_gaps) for before, now in pairwise(numbers)]
        frames = [
            replace(frame, value=number, canvas=canvas, run=run)
            for canvas, (number, (_, frame), run) in enumerate(
                zip(numbers, crops, accumulate(torn, initial=0), strict=True)
            )
        ]
        return Sequence([pixels for pixels, _ in crops], frames)
