"""A random crop of the picture, resized once, and windows that slide over it pixel by pixel."""

import math

import numpy as np
from pydantic import Field, field_validator

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Frame, Picture, Sequence, protocols
from shiftscope.protocols.geometry import Resizing, resize
from shiftscope.protocols.moving import Moving, along

LARGEST_ASPECT = 1_000


class RandomCropping(Resizing):
    """Base of the protocols that start from a random crop."""

    aspect: tuple[float, float] = (3 / 4, 4 / 3)
    """The least and the largest width ÷ height of the random crop."""

    @field_validator("aspect")
    @classmethod
    def _range(cls, aspect: tuple[float, float]) -> tuple[float, float]:
        if not 0 < aspect[0] <= aspect[1] <= LARGEST_ASPECT:
            raise ValueError(
                f"aspect {list(aspect)} must be [least, largest] with 0 < least ≤ largest ≤ {LARGEST_ASPECT:,}"
            )
        return aspect


@protocols.register(
    "crop",
    title="sliding crop",
    unit="px",
    reference="Azulay & Weiss 2019 (JMLR 20(184)), pairs of crops one pixel apart",
)
class Crop(Moving, RandomCropping):
    """Windows at neighbouring places of a random crop, which is resized once. Pixels of the picture come in on one side
    of the window and leave on the other; none is interpolated between steps. The offsets are the places of the window,
    in px from the left upper corner of the resized crop."""

    area: tuple[float, float] = (0.08, 1.0)
    """The least and the largest share of the picture's area that the random crop takes."""
    margin: int | None = Field(None, ge=0, le=limits.PX)
    """The side of the resized crop less the input size, px. If it is not set, it is the largest offset."""

    @field_validator("area")
    @classmethod
    def _share(cls, area: tuple[float, float]) -> tuple[float, float]:
        if not 0 < area[0] <= area[1] <= 1:
            raise ValueError(f"area {list(area)} must be [least, largest] with 0 < least ≤ largest ≤ 1")
        return area

    def _margin(self) -> int:
        return max(self.offsets) if self.margin is None else self.margin

    def resized_side(self, size: int) -> int:
        return size + self._margin()

    def check(self, size: int) -> None:
        if min(self.offsets) < 0 or max(self.offsets) > self._margin():
            raise ShiftscopeError(
                f"{self.said_offsets()} leave the canvas: a window of {size} px on a crop "
                f"resized to {size + self._margin()} px can be at 0..{self._margin()}; write other offsets "
                "or a larger margin"
            )

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        left, top, right, bottom = random_crop(width, height, self.area, self.aspect, rng)
        side = size + self._margin()
        canvas = resize(picture.pixels, side, side, self.resizer, (left, top, right, bottom))
        windows = [along(self.axis, offset, across=self._margin() // 2) for offset in self.offsets]
        frames = [
            Frame(offset, 0, x, y, (left, top, right, bottom), (side, side), self.resizer)
            for offset, (x, y) in zip(self.offsets, windows, strict=True)
        ]
        return Sequence([canvas], frames)


def random_crop(
    width: int, height: int, area: tuple[float, float], aspect: tuple[float, float], rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """left, top, right, bottom of a random region of a picture of `width` × `height` px.

    Its share of the area is uniform in `area`, and its aspect ratio is log-uniform in `aspect` (Szegedy et al. 2015,
    §6). If ten such regions in turn do not fit into the picture, it is the largest region in the middle whose aspect is
    allowed.
    """
    for _ in range(10):
        share = width * height * rng.uniform(*area)
        ratio = math.exp(rng.uniform(math.log(aspect[0]), math.log(aspect[1])))
        w, h = round(math.sqrt(share * ratio)), round(math.sqrt(share / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            return left, top, left + w, top + h
    w = min(width, max(1, round(height * aspect[1])))
    h = min(height, max(1, round(width / aspect[0])))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h
