"""How pictures are resized: the setting that names the resizer, and the sizes that keep the aspect ratio."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.protocols import Protocol, Unfit
from shiftscope.resizers import ResizerName, resizers

LARGEST_RESIZED = 50_000_000
"""px: the largest area that a picture is resized to. A strip of 20,000 × 20 px whose shorter side is made 256 px would
become 256,000 px wide, and would take 200 MB."""


class Resizing(Protocol):
    """Base of the protocols that resize pictures by one function."""

    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes the picture."""

    def uses_resizers(self) -> tuple[str, ...]:
        return (self.resizer,)


def fit_shorter(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height, px, when the shorter side becomes `side` px and the aspect ratio is kept. The longer side is
    rounded down to whole pixels, as by torchvision's ``Resize``.

    >>> fit_shorter(500, 375, 256), fit_shorter(375, 500, 256)
    ((341, 256), (256, 341))
    """
    if width <= height:
        return side, int(side * height / width)
    return int(side * width / height), side


def resize(
    pixels: NDArray[np.uint8], width: int, height: int, resizer: str, box: tuple[int, int, int, int] | None = None
) -> NDArray[np.uint8]:
    """`pixels`, uint8 (height, width, 3), or the region left, top, right, bottom (px) of them, resized to `width` ×
    `height` px by the registered function `resizer`. A picture that has this size already is returned as it is.

    Raises Unfit where the result would have more than `LARGEST_RESIZED` px.
    """
    if width * height > LARGEST_RESIZED:
        raise Unfit(f"would be {width} × {height} px after resizing")
    region = pixels if box is None else pixels[box[1] : box[3], box[0] : box[2]]
    if region.shape[:2] == (height, width):
        return np.ascontiguousarray(region)
    return resizers[resizer].item(np.ascontiguousarray(region), width, height)
