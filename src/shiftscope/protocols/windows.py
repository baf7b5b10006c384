"""Windows at random places of a picture's middle, as in the usual definition of consistency. They are no neighbours."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Sequence, protocols
from shiftscope.protocols.centre import CentreCropping, centre_crop


@protocols.register(
    "windows",
    title="random windows",
    unit="",
    reference="Zhang 2019 (arXiv 1904.11486), §4: two windows of a 256 px centre crop, 0 to 31 px apart in x and y",
)
class Windows(CentreCropping):
    """Windows of a square canvas whose side is `input size ÷ crop_fraction`, the middle of the resized picture. Their
    places are drawn at random for each picture independently. They are on average a dozen pixels apart, so that 1 −
    consistency is not comparable with P(top-1 change) of windows one pixel apart."""

    windows: int = Field(2, ge=2, le=limits.STEPS)
    """The number of windows for each picture."""
    reach: int | None = Field(None, ge=1, le=limits.PX)
    """The largest offset of a window from the canvas's left upper corner, px. If it is not set, it is one pixel less
    than the canvas has room for: 31 px for windows of 224 px on 256 px."""
    axis: Literal["both", "x", "y", "diagonal"] = "both"
    """In which directions the windows of a picture differ: `both` draws x and y independently, `x` and `y` draw one of
    them and leave the other in the middle, and `diagonal` takes one draw for both."""

    def _reach(self, size: int) -> int:
        return self.resized_side(size) - size - 1 if self.reach is None else self.reach

    def check(self, size: int) -> None:
        side = self.resized_side(size)
        if not 1 <= self._reach(size) <= side - size:
            raise ShiftscopeError(
                f"a reach of {self._reach(size)} px is not possible: a window of {size} px on a canvas of "
                f"{side} px has {side - size} px to move; write another reach or a smaller crop_fraction"
            )

    def steps(self) -> int:
        return self.windows

    def ordered(self) -> bool:
        return False

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        side = self.resized_side(size)
        canvas, whole = centre_crop(picture.pixels, side, side, self.resizer)
        places = rng.integers(0, self._reach(size) + 1, (self.windows, 2))
        if self.axis == "diagonal":
            places[:, 1] = places[:, 0]
        elif self.axis != "both":
            places[:, 1 if self.axis == "x" else 0] = (side - size) // 2
        frames = [replace(whole, value=float(k), window_x=int(x), window_y=int(y)) for k, (x, y) in enumerate(places)]
        return Sequence([canvas], frames)
