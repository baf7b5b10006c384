"""The whole picture at one size after the other, at the same place on a canvas."""

from typing import Literal

import numpy as np

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Offsets
from shiftscope.protocols import Frame, Picture, Sequence, Unfit, protocols
from shiftscope.protocols.geometry import resize
from shiftscope.protocols.pasting import Pasting


@protocols.register(
    "scale",
    title="picture at growing sizes",
    unit="px",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figures 1 and 7, and 2019 (JMLR 20(184)), 100 px against 101 px",
)
class Scale(Pasting):
    """Each size is resized anew from the picture; its left upper corner stays where it is, unless `place` is the middle."""

    sides: Offsets = (100, 101)
    """Sizes of the pasted picture, px: a list, or a range such as `60..210 by 10`."""
    place: Literal["random", "corner", "centre"] = "random"
    """Its left upper corner: drawn for each picture among the places where the largest size fits, the canvas's own corner,
    or wherever puts each size into the middle."""

    def check(self, size: int) -> None:
        if min(self.sides) < 1 or max(self.sides) > size:
            raise ShiftscopeError(
                f"sides {min(self.sides)}..{max(self.sides)} leave the canvas: they must be from 1 to {size}, the input's"
            )

    def steps(self) -> int:
        return len(self.sides)

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        sizes = [self.resized(width, height, side) for side in self.sides]
        widest, highest = (max(extent[k] for extent in sizes) for k in (0, 1))
        if widest > size or highest > size:
            raise Unfit(f"would be {widest} × {highest} px, which does not fit a canvas of {size} px")
        corner = (int(rng.integers(size - widest + 1)), int(rng.integers(size - highest + 1)))
        canvases, frames = [], []
        for step, (side, (w, h)) in enumerate(zip(self.sides, sizes, strict=True)):
            places = {"random": corner, "corner": (0, 0), "centre": ((size - w) // 2, (size - h) // 2)}
            place = places[self.place]
            canvases.append(self.canvas(resize(picture.pixels, w, h, self.resizer), place, (size, size)))
            region = (0.0, 0.0, float(width), float(height))
            frames.append(Frame(side, step, 0, 0, region, (w, h), self.resizer, place, self.said()))
        return Sequence(canvases, frames)
