"""The picture as every accuracy in the literature is measured: shorter side resized, centre cropped."""

import numpy as np
from pydantic import Field

from shiftscope.protocols import Frame, Picture, Protocol, Sequence, protocols
from shiftscope.protocols.resize import fit_shorter, resize
from shiftscope.resizers import ResizerName


@protocols.register(
    "centre",
    title="centre crop",
    unit="px",
    reference="the usual ImageNet evaluation (resize 256, crop 224): the clean accuracy",
)
class Centre(Protocol):
    """One frame per picture: the shorter side becomes `input size ÷ crop_fraction`, then the middle is cut out."""

    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side: .875 is 224 of 256."""
    resample: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def steps(self) -> int:
        return 1

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        resized = fit_shorter(width, height, round(size / self.crop_fraction))
        canvas = resize(picture.pixels, *resized, self.resample)
        x, y = (round((side - size) / 2) for side in resized)
        frame = Frame(0, 0, 0, 0, (0, 0, width, height), resized, self.resample, paste=(-x, -y))
        return Sequence([np.ascontiguousarray(canvas[y : y + size, x : x + size])], [frame])
