"""A random crop, resized, then seen through windows that slide over it pixel by pixel."""

import math

import numpy as np
from pydantic import Field, model_validator

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Offsets
from shiftscope.protocols import Frame, Picture, Protocol, Sequence, protocols
from shiftscope.protocols.geometry import Axis, along, resize
from shiftscope.resizers import ResizerName


@protocols.register(
    "crop",
    title="sliding crop",
    unit="px",
    reference="Azulay & Weiss 2019 (JMLR 20(184)), pairs of crops one pixel apart",
)
class Crop(Protocol):
    """Real pixels come in on one side and leave on the other; nothing is pasted, nothing is resampled between steps."""

    area: tuple[float, float] = (0.08, 1.0)
    """Least and largest share of the picture's area that the random crop takes."""
    aspect: tuple[float, float] = (3 / 4, 4 / 3)
    """Least and largest width ÷ height of it."""
    axis: Axis = "diagonal"
    """Which way the window moves."""
    offsets: Offsets = tuple(range(9))
    """Places of the window on the resized crop, px from its left upper corner."""
    margin: int | None = Field(None, ge=0)
    """How much larger than the input the crop is resized to, px; not set: as much as the offsets need."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes the crop."""

    @model_validator(mode="after")
    def _ranges(self) -> "Crop":
        if not 0 < self.area[0] <= self.area[1] <= 1:
            raise ValueError(f"area {list(self.area)} must be [least, largest] with 0 < least ≤ largest ≤ 1")
        if not 0 < self.aspect[0] <= self.aspect[1]:
            raise ValueError(f"aspect {list(self.aspect)} must be [least, largest] with 0 < least ≤ largest")
        return self

    def _margin(self) -> int:
        return max(self.offsets) if self.margin is None else self.margin

    def check(self, size: int) -> None:
        if min(self.offsets) < 0 or max(self.offsets) > self._margin():
            raise ShiftscopeError(
                f"offsets {min(self.offsets)}..{max(self.offsets)} leave the canvas: a window of {size} px on a crop "
                f"resized to {size + self._margin()} px can be at 0..{self._margin()}; write other offsets "
                "or a larger margin"
            )

    def steps(self) -> int:
        return len(self.offsets)

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
    """left, top, right, bottom of a random region, px: its share of the area uniform in `area`, its aspect log-uniform in
    `aspect` (Szegedy et al. 2015, §6). Where ten tries do not fit into the picture, the largest region in its middle whose
    aspect is allowed."""
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
