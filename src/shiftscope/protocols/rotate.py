"""Turned and moved: a sweep over angles, or the grid over which the worst case is taken."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core.options import Offsets
from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.centre import centre_crop
from shiftscope.protocols.geometry import fit_shorter, resize
from shiftscope.resizers import ResizerName


@protocols.register(
    "rotate",
    title="turned pictures",
    unit="degrees",
    reference="Engstrom et al. 2019 (arXiv 1712.02779): up to ±30° and up to ±24 px, the worst of a grid",
)
class Rotate(Protocol):
    """With one shift, a sweep over angles whose neighbours are compared; with several, a grid of angles × shifts in x ×
    shifts in y, of which no frame is another's neighbour."""

    angles: Offsets = tuple(range(-10, 11))
    """Degrees, counter-clockwise about the middle: a list, or a range such as `-30..30`."""
    shifts: Offsets = (0,)
    """px, in x and in y, after turning: a list, or a range such as `-24..24 by 12`."""
    beyond: Literal["picture", "black"] = "picture"
    """What comes in at the edge: `picture`, what the picture has there (black only beyond it); `black`, as in the paper."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes. Turning is bilinear."""

    def steps(self) -> int:
        return len(self.angles) * len(self.shifts) ** 2

    def ordered(self) -> bool:
        return len(self.shifts) == 1

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        crop, whole = centre_crop(picture.pixels, size, self.crop_fraction, self.resizer)
        x = y = 0
        if self.beyond == "picture":
            height, width = picture.pixels.shape[:2]
            crop = resize(picture.pixels, *fit_shorter(width, height, round(size / self.crop_fraction)), self.resizer)
            x, y = (-place for place in whole.paste)
        else:
            whole = replace(whole, surround="#000000")
        canvases: list[NDArray[np.uint8]] = []
        frames = []
        middle = (x + size / 2, y + size / 2)
        for angle in self.angles:
            for shift_x in self.shifts:
                for shift_y in self.shifts:
                    turned = warp(crop, angle, (shift_x, shift_y), middle)
                    frames.append(
                        replace(
                            whole,
                            value=float(angle),
                            canvas=len(canvases),
                            warp="bilinear",
                            angle=float(angle),
                            shift=(float(shift_x), float(shift_y)),
                        )
                    )
                    canvases.append(np.ascontiguousarray(turned[y : y + size, x : x + size]))
        return Sequence(canvases, frames)


def warp(
    pixels: NDArray[np.uint8], angle: float, shift: tuple[float, float], middle: tuple[float, float]
) -> NDArray[np.uint8]:
    """`pixels` turned by `angle` degrees counter-clockwise about `middle` (x, y; px, continuous), then moved by `shift` px
    to the right and down; bilinear, black where there is nothing."""
    from PIL import Image

    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # Pillow asks where each pixel comes from: turned back about the middle, after moving back.
    x, y = middle[0] + shift[0], middle[1] + shift[1]
    origin = (
        (cos, -sin, middle[0] - cos * x + sin * y),
        (sin, cos, middle[1] - sin * x - cos * y),
    )
    image = Image.fromarray(pixels)
    return np.asarray(image.transform(image.size, Image.Transform.AFFINE, sum(origin, ()), Image.Resampling.BILINEAR))
