"""Windows at random places of the centre crop's surroundings: any two of them, not neighbours."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.centre import centre_crop
from shiftscope.resizers import ResizerName


@protocols.register(
    "windows",
    title="random windows",
    unit="",
    reference="Zhang 2019 (arXiv 1904.11486), §4: two windows of a 256 px centre crop, 0 to 31 px apart in x and y",
)
class Windows(Protocol):
    """Windows drawn for each picture by itself, so that no picture has another's luck. 1 − consistency is no P(top-1
    change): these windows are on average a dozen pixels apart."""

    windows: int = Field(2, ge=2)
    """Windows per picture."""
    reach: int | None = Field(None, ge=1)
    """The largest offset from the canvas's corner, px; not set: all that the canvas has, less one (31 for 224 of 256)."""
    axis: Literal["both", "x", "y", "diagonal"] = "both"
    """Which way windows differ: in x and y by draws of their own, in one of them, or in both by the same draw."""
    crop_fraction: float = Field(0.875, gt=0, lt=1)
    """Input size as a fraction of the canvas: .875 is 224 of 256."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def _side(self, size: int) -> int:
        return round(size / self.crop_fraction)

    def _reach(self, size: int) -> int:
        return self._side(size) - size - 1 if self.reach is None else self.reach

    def check(self, size: int) -> None:
        if not 1 <= self._reach(size) <= self._side(size) - size:
            raise ShiftscopeError(
                f"a reach of {self._reach(size)} px is not possible: a window of {size} px on a canvas of "
                f"{self._side(size)} px has {self._side(size) - size} px to move; write another reach or a smaller "
                "crop_fraction"
            )

    def steps(self) -> int:
        return self.windows

    def ordered(self) -> bool:
        return False

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        canvas, whole = centre_crop(picture.pixels, self._side(size), 1, self.resizer)
        places = rng.integers(0, self._reach(size) + 1, (self.windows, 2))
        if self.axis == "diagonal":
            places[:, 1] = places[:, 0]
        elif self.axis != "both":
            places[:, 1 if self.axis == "x" else 0] = (self._side(size) - size) // 2
        frames = [replace(whole, value=float(k), window_x=int(x), window_y=int(y)) for k, (x, y) in enumerate(places)]
        return Sequence([canvas], frames)
