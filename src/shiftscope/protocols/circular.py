"""Circular shifts: what leaves on one side comes in on the other. The only shifts that some guarantees hold for."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Offsets
from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.centre import centre_crop
from shiftscope.protocols.geometry import Axis, shifts
from shiftscope.resizers import ResizerName


@protocols.register(
    "circular",
    title="circular shifts",
    unit="px",
    reference="Chaman & Dokmanić 2021 (arXiv 2011.14214)",
)
class Circular(Protocol):
    """The centre crop, continued periodically, seen through windows that slide over it."""

    offsets: Offsets = tuple(range(9))
    """Places of the window, px from the crop's own."""
    axis: Axis = "diagonal"
    """Which way it moves."""
    draw: int | None = Field(None, ge=2)
    """Instead of all offsets in their order, draw so many for each picture, for x and y apart."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """Input size as a fraction of the resized shorter side."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def check(self, size: int) -> None:
        if not 0 <= min(self.offsets) <= max(self.offsets) < size:
            raise ShiftscopeError(
                f"offsets {min(self.offsets)}..{max(self.offsets)} are not circular shifts of {size} px: write offsets "
                f"from 0 to {size - 1}"
            )

    def steps(self) -> int:
        return self.draw or len(self.offsets)

    def ordered(self) -> bool:
        return self.draw is None

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        crop, whole = centre_crop(picture.pixels, size, self.crop_fraction, self.resizer)
        whole = replace(whole, surround="wrap")
        places = shifts(self.axis, self.offsets, self.draw, rng)
        wider, higher = max(x for _, x, _ in places), max(y for _, _, y in places)
        canvas = np.pad(crop, ((0, higher), (0, wider), (0, 0)), mode="wrap")
        return Sequence([canvas], [replace(whole, value=value, window_x=x, window_y=y) for value, x, y in places])
