"""How much the answer moves by how large the object is: crops that enlarge it, then the whole picture made smaller."""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from shiftscope.protocols import Picture, Protocol, Sequence, protocols
from shiftscope.protocols.crop import Crop
from shiftscope.protocols.embed import Embed
from shiftscope.protocols.pasting import Colour
from shiftscope.resizers import ResizerName

LARGEST_CROP = 1.1


@protocols.register(
    "sizes",
    title="sizes, each shifted",
    unit="relative size",
    reference="Azulay & Weiss 2019: their released script (github.com/AzulEye/CNN-Failures), as described in docs/paper.md",
)
class Sizes(Protocol):
    """Up to 1.1, a random crop of that share of the picture's area, seen through windows that slide diagonally; above, the
    whole picture made input size ÷ s px square, at diagonal places around the canvas's middle. No pair of neighbours
    crosses from one size to the next."""

    sizes: tuple[float, ...] = Field((0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9), min_length=1)
    """s, in the order of the sequence."""
    shifts: int = Field(9, ge=2)
    """Places one pixel apart at each size."""
    margin: int = Field(10, ge=0)
    """How much larger than the input crops are resized to, px."""
    aspect: tuple[float, float] = (3 / 4, 4 / 3)
    """Least and largest width ÷ height of crops."""
    surround: Literal["black", "mean", "inpaint"] = "mean"
    """What is around the whole picture; in the released script, 0 after normalisation: the mean colour."""
    colour: Colour = (124, 116, 104)
    """The colour of `mean`, 0 to 255."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

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
