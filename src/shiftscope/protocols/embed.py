"""The whole picture, resized and pasted at neighbouring places of a canvas."""

from typing import Literal

import numpy as np
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import Frame, Picture, Sequence, Unfit, protocols
from shiftscope.protocols.geometry import resize
from shiftscope.protocols.moving import Moving, along
from shiftscope.protocols.pasting import Pasting


@protocols.register(
    "embed",
    title="picture moved on a canvas",
    unit="px",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 2, and 2019 (JMLR 20(184)), table 1",
)
class Embed(Moving, Pasting):
    """The whole picture at neighbouring places of a canvas of the input size. It is resized once, and all of it stays
    inside; only its place changes between steps. The offsets are its places, in px from where `place` puts it."""

    side: int = Field(100, ge=1, le=limits.PX)
    """The size of the pasted picture, px; `resize` says of which side."""
    place: Literal["random", "centre"] = "random"
    """Where the picture lies at offset 0: with `random` at a place that is drawn for each picture among those at which
    it stays inside at all offsets, with `centre` in the middle."""

    def only_moves(self) -> bool:
        return self.surround != "inpaint"  # which fills the canvas anew at every place

    def check(self, size: int) -> None:
        # Asked for a square picture, since no other picture is smaller where the shorter side is given.
        if self._base(self.side, self.side, size, None) is None:
            raise ShiftscopeError(
                f"{self.said_offsets()} leave the canvas: a picture of {self.side} px on "
                f"{size} px has {size - self.side} px to move along {self.axis} (place: {self.place}); write fewer offsets "
                "or a smaller side"
            )

    def _base(self, width: int, height: int, size: int, rng: np.random.Generator | None) -> tuple[int, int] | None:
        """Left upper corner of the picture at offset 0, or None where some offset would leave the canvas."""
        low, high = along(self.axis, min(self.offsets)), along(self.axis, max(self.offsets))
        base = []
        for extent, least, most in zip((width, height), low, high, strict=True):
            first, last = -least, size - extent - most
            middle = (size - extent) // 2
            if last < first or (self.place == "centre" and not first <= middle <= last):
                return None
            random = self.place == "random" and rng is not None
            base.append(int(rng.integers(first, last + 1)) if random and rng is not None else middle)
        return base[0], base[1]

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        w, h = self.resized(width, height, self.side)
        base = self._base(w, h, size, rng)
        if base is None:
            raise Unfit(f"would be {w} × {h} px, which does not fit a canvas of {size} px at all offsets")
        small = resize(picture.pixels, w, h, self.resizer)
        places = [(base[0] + x, base[1] + y) for x, y in (along(self.axis, offset) for offset in self.offsets)]
        if self.surround == "inpaint":
            canvases = [self.canvas(small, place, (size, size)) for place in places]
            spots = [(k, 0, 0, place) for k, place in enumerate(places)]
        else:
            # One canvas for all places: the windows move instead, the other way.
            right, bottom = (max(place[k] for place in places) for k in (0, 1))
            left, top = (min(place[k] for place in places) for k in (0, 1))
            canvases = [self.canvas(small, (right, bottom), (size + bottom - top, size + right - left))]
            spots = [(0, right - x, bottom - y, (right, bottom)) for x, y in places]
        frames = [
            Frame(offset, canvas, x, y, (0, 0, width, height), (w, h), self.resizer, paste, self.said())
            for offset, (canvas, x, y, paste) in zip(self.offsets, spots, strict=True)
        ]
        return Sequence(canvases, frames)
