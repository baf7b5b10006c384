"""Rotated and shifted pictures: a sweep over angles, or a grid of angles and shifts of which the worst case is taken."""

import math
from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.options import Offsets
from shiftscope.protocols import Frame, Picture, Sequence, protocols
from shiftscope.protocols.centre import CentreCropping
from shiftscope.protocols.geometry import fit_shorter, resize


@protocols.register(
    "rotate",
    title="turned pictures",
    unit="degrees",
    reference="Engstrom et al. 2019 (arXiv 1712.02779): up to ±30° and up to ±24 px, the worst of a grid",
)
class Rotate(CentreCropping):
    """The centre crop, rotated by bilinear interpolation. With one shift, this is a sweep over angles, and consecutive
    frames are neighbours. With several shifts, it is a grid of angles × shifts in x × shifts in y, whose frames are no
    neighbours."""

    angles: Offsets = tuple(range(-10, 11))
    """The angles, degrees, counter-clockwise about the middle: a list, or a range such as `-30..30`."""
    shifts: Offsets = (0,)
    """The shifts in x and in y after the rotation, px: a list, or a range such as `-24..24 by 12`."""
    beyond: Literal["picture", "black"] = "picture"
    """What comes in at the edge of the frame: with `picture` the pixels of the picture beyond it, and black only beyond
    the picture; with `black` nothing but black, as in the paper."""

    def steps(self) -> int:
        return len(self.angles) * len(self.shifts) ** 2

    def ordered(self) -> bool:
        return len(self.shifts) == 1

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        pixels, (x, y), whole = self._unrotated(picture.pixels, size)
        canvases, frames = [], []
        for step, (angle, *shift) in enumerate(product(self.angles, self.shifts, self.shifts)):
            moved = (float(shift[0]), float(shift[1]))
            rotated = warp(pixels, angle, moved, (x + size / 2, y + size / 2))
            canvases.append(np.ascontiguousarray(rotated[y : y + size, x : x + size]))
            frames.append(replace(whole, value=float(angle), canvas=step, warp="bilinear", angle=float(angle), shift=moved))
        return Sequence(canvases, frames)

    def _unrotated(self, pixels: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], tuple[int, int], Frame]:
        """What is rotated, x and y (px) of the centre crop's left upper corner on it, and how the crop was made."""
        crop, whole = self.centre_crop(pixels, size)
        if self.beyond == "black":
            return crop, (0, 0), replace(whole, surround="#000000")
        height, width = pixels.shape[:2]
        resized = resize(pixels, *fit_shorter(width, height, self.resized_side(size)), self.resizer)
        return resized, (-whole.paste[0], -whole.paste[1]), whole


def warp(
    pixels: NDArray[np.uint8], angle: float, shift: tuple[float, float], middle: tuple[float, float]
) -> NDArray[np.uint8]:
    """`pixels` rotated about a point and then shifted, by bilinear interpolation; black where no pixel of the picture
    comes to lie.

    Parameters
    ----------
    pixels : uint8 (height, width, 3).
    angle : degrees, counter-clockwise.
    shift : px to the right and down, after the rotation.
    middle : x and y of the point, px, where the middle of the first pixel is at (0.5, 0.5).

    Returns
    -------
    uint8 (height, width, 3).

    Examples
    --------
    >>> warp(np.array([[[9, 9, 9], [0, 0, 0]]], np.uint8), 0, (1.0, 0.0), (1.0, 0.5))[..., 0]
    array([[0, 9]], dtype=uint8)
    """
    from PIL import Image

    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # Pillow asks where each pixel comes from: the inverse, which shifts back and then rotates back.
    x, y = middle[0] + shift[0], middle[1] + shift[1]
    origin = (
        (cos, -sin, middle[0] - cos * x + sin * y),
        (sin, cos, middle[1] - sin * x - cos * y),
    )
    image = Image.fromarray(pixels)
    return np.asarray(image.transform(image.size, Image.Transform.AFFINE, sum(origin, ()), Image.Resampling.BILINEAR))
