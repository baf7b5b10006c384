"""The centre crop: the usual way to show a picture to a classifier, and the base of the protocols that start from it."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.protocols import Frame, Picture, Protocol, Sequence, protocols
from shiftscope.protocols.geometry import Resizing, fit_shorter, resize


class CentreFraction(Protocol):
    """Base of the protocols that start from a centre crop."""

    crop_fraction: float = Field(0.875, gt=0, le=1)
    """The input size as a fraction of the shorter side of the resized picture: 0.875 is 224 px of 256 px."""

    def resized_side(self, size: int) -> int:
        """px: the shorter side of the resized picture for networks that take `size` px."""
        return round(size / self.crop_fraction)


class CentreCropping(CentreFraction, Resizing):
    """Base of the protocols that start from a centre crop made by one resizer."""

    def centre_crop(self, pixels: NDArray[np.uint8], size: int, margin: int = 0) -> tuple[NDArray[np.uint8], Frame]:
        """`centre_crop` by these settings."""
        return centre_crop(pixels, size, self.resized_side(size), self.resizer, margin)


@protocols.register(
    "centre",
    title="centre crop",
    unit="px",
    reference="the usual ImageNet evaluation (resize 256, crop 224): the clean accuracy",
)
class Centre(CentreCropping):
    """One frame per picture: the shorter side is resized to `input size ÷ crop_fraction`, and the middle is cut out."""

    def steps(self) -> int:
        return 1

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        canvas, frame = self.centre_crop(picture.pixels, size)
        return Sequence([canvas], [frame])


def centre_crop(
    pixels: NDArray[np.uint8], size: int, side: int, resizer: str, margin: int = 0
) -> tuple[NDArray[np.uint8], Frame]:
    """The middle `size` × `size` px of `pixels` after their shorter side was made `side` px, with `margin` px more on each
    side of it; and how it was made, as the frame with value 0 on canvas 0.

    Parameters
    ----------
    pixels : uint8 (height, width, 3).
    size, side, margin : px; `size` + 2 × `margin` must not be more than `side`.
    resizer : the name of a registered function.

    Raises Unfit where the resized picture would be too large.
    """
    height, width = pixels.shape[:2]
    resized = fit_shorter(width, height, side)
    size += 2 * margin
    canvas = resize(pixels, *resized, resizer)
    x, y = (round((extent - size) / 2) for extent in resized)
    frame = Frame(0, 0, 0, 0, (0, 0, width, height), resized, resizer, paste=(-x, -y))
    return np.ascontiguousarray(canvas[y : y + size, x : x + size]), frame
