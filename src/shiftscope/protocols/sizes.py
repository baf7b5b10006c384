"""Shifts of the object at several sizes of it: crops of the picture enlarge it, and the whole picture on a canvas makes
it smaller."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from shiftscope.core import limits
from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.crop import Crop, RandomCropping
from shiftscope.protocols.embed import Embed
from shiftscope.protocols.pasting import Surrounding

LARGEST_CROP = 1.1
"""The relative size up to which the picture is cropped; above it, the whole picture is pasted onto a canvas."""


@protocols.register(
    "sizes",
    title="sizes, each shifted",
    unit="relative size",
    reference="Azulay & Weiss 2019: their released script (github.com/AzulEye/CNN-Failures), as described in docs/paper.md",
)
class Sizes(Surrounding, RandomCropping):
    """Diagonal shifts at several relative sizes s. Up to s = 1.1, windows slide over a random crop that takes the share
    s of the picture's area. Above 1.1, the whole picture is resized to a square of input size ÷ s px and is moved
    around the middle of a canvas. Frames of different sizes are no neighbours."""

    sizes: tuple[Annotated[float, Field(le=limits.PX)], ...] = Field(
        (0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9), min_length=1, max_length=limits.STEPS
    )
    """The relative sizes s, in the order of the sequence."""
    shifts: int = Field(9, ge=2, le=limits.STEPS)
    """The number of places at each size, one pixel apart."""
    margin: int = Field(10, ge=0, le=limits.PX)
    """The side of the resized crops less the input size, px."""
    surround: Literal["black", "mean", "inpaint"] = "mean"
    """What surrounds the whole picture on its canvas, as for the protocol `embed`. In the released script it is 0 after
    normalisation, which is the mean colour."""

    @field_validator("sizes")
    @classmethod
    def _positive(cls, sizes: tuple[float, ...]) -> tuple[float, ...]:
        if min(sizes) <= 0 or len(set(sizes)) < len(sizes):
            raise ValueError("sizes must be above 0, none of them twice")
        return sizes

    def _part(self, relative: float, size: int) -> Protocol:
        if relative <= LARGEST_CROP:
            area = min(relative, 1.0)
            return Crop(
                area=(area, area), aspect=self.aspect, offsets=tuple(range(self.shifts)), margin=self.margin,
                resizer=self.resizer,
            )  # fmt: skip
        first = -(self.shifts // 2)
        return Embed(
            side=max(1, int(size / relative)), resize="square", place="centre", surround=self.surround, colour=self.colour,
            offsets=tuple(range(first, first + self.shifts)), resizer=self.resizer,
        )  # fmt: skip

    def resized_side(self, size: int) -> int:
        return size + self.margin

    def check(self, size: int) -> None:
        for relative in self.sizes:
            self._part(relative, size).check(size)

    def steps(self) -> int:
        return len(self.sizes) * self.shifts

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        whole = Sequence([], [])
        for run, relative in enumerate(self.sizes):
            part = self._part(relative, size).sequence(picture, size, rng)
            first = len(whole.canvases)
            whole.canvases.extend(part.canvases)
            whole.frames.extend(
                replace(frame, value=relative, canvas=first + frame.canvas, run=run) for frame in part.frames
            )
        return whole
