"""Circular shifts: the pixels that leave on one side come in on the opposite side. What is proved of some networks
holds for these shifts only."""

from dataclasses import replace

import numpy as np

from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Picture, Sequence, protocols
from shiftscope.protocols.centre import CentreCropping
from shiftscope.protocols.moving import Shifting


@protocols.register(
    "circular",
    title="circular shifts",
    unit="px",
    reference="Chaman & Dokmanić 2021 (arXiv 2011.14214)",
)
class Circular(Shifting, CentreCropping):
    """Windows that slide over the centre crop, which is continued periodically. The offsets are the places of the
    window, in px from the crop's own place."""

    def only_moves(self) -> bool:
        return self.draw is None

    def check(self, size: int) -> None:
        if not 0 <= min(self.offsets) <= max(self.offsets) < size:
            raise ShiftscopeError(
                f"{self.said_offsets()} are not circular shifts of {size} px: write offsets from 0 to {size - 1}"
            )

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        crop, whole = self.centre_crop(picture.pixels, size)
        whole = replace(whole, surround="wrap")
        places = self.shifts(rng)
        wider, higher = max(x for _, x, _ in places), max(y for _, _, y in places)
        canvas = np.pad(crop, ((0, higher), (0, wider), (0, 0)), mode="wrap")
        return Sequence([canvas], [replace(whole, value=value, window_x=x, window_y=y) for value, x, y in places])
