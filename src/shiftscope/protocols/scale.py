"""The whole picture at several sizes, at the same place of a canvas."""

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
    """The whole picture at growing sizes on a canvas of the input size. Each size is resized from the original picture.
    The left upper corner stays at the same place, unless `place` is `centre`."""

    sides: Offsets = (100, 101)
    """The sizes of the pasted picture, px: a list, or a range such as `60..210 by 10`; `resize` says of which side."""
    place: Literal["random", "corner", "centre"] = "random"
    """Where the picture lies: with `random` its left upper corner is drawn for each picture among the places at which
    the largest size fits, with `corner` it is that of the canvas, and with `centre` each size lies in the middle."""

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
