"""The picture as every accuracy in the literature is measured: shorter side resized, centre cropped."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.protocols import Frame, Picture, Protocol, Sequence, protocols
from shiftscope.protocols.geometry import fit_shorter, resize
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
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def steps(self) -> int:
        return 1

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        canvas, frame = centre_crop(picture.pixels, size, self.crop_fraction, self.resizer)
        return Sequence([canvas], [frame])


def centre_crop(
    pixels: NDArray[np.uint8], size: int, crop_fraction: float, resizer: str, margin: int = 0
) -> tuple[NDArray[np.uint8], Frame]:
    """The middle `size` × `size` px of `pixels` when their shorter side is made `size ÷ crop_fraction` px, with `margin` px
    more on each side; and how it was made, as the frame with value 0 on canvas 0. The margin must fit into the resized
    picture. Raises Unfit where that would be too large."""
    height, width = pixels.shape[:2]
    resized = fit_shorter(width, height, round(size / crop_fraction))
    size += 2 * margin
    canvas = resize(pixels, *resized, resizer)
    x, y = (round((side - size) / 2) for side in resized)
    frame = Frame(0, 0, 0, 0, (0, 0, width, height), resized, resizer, paste=(-x, -y))
    return np.ascontiguousarray(canvas[y : y + size, x : x + size]), frame
