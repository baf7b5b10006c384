"""What protocols share that paste the whole picture, made small, onto a canvas."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.protocols import Protocol
from shiftscope.protocols.geometry import fit_shorter
from shiftscope.protocols.inpainting import surround
from shiftscope.resizers import ResizerName

_Level = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[_Level, _Level, _Level]
"""Red, green, blue, 0 to 255."""


class Pasting(Protocol):
    """Base of protocols that paste; registers nothing."""

    resize: Literal["shorter", "longer", "square"] = "shorter"
    """Which side becomes that many pixels: the aspect is kept for `shorter` and `longer`; `square` ignores it."""
    surround: Literal["black", "mean", "inpaint"] = "black"
    """What is around it: black, one `colour`, or filled from the picture's own border, anew for each frame."""
    colour: Colour = (124, 116, 104)
    """The colour of `mean`, 0 to 255; as it stands, the mean of ImageNet."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def resized(self, width: int, height: int, side: int) -> tuple[int, int]:
        """Width and height, px, of a picture of `width` × `height` px that is made `side` px small."""
        if self.resize == "square":
            return side, side
        if self.resize == "shorter":
            return fit_shorter(width, height, side)
        scale = side / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def ground(self) -> Colour:
        """The colour around the picture before anything is inpainted."""
        return self.colour if self.surround == "mean" else (0, 0, 0)

    def said(self) -> str:
        """The surround as `tables.FRAMES` names it."""
        return "inpaint" if self.surround == "inpaint" else colour_code(self.ground())

    def canvas(self, small: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """`small` with its left upper corner at `place` (x, y) on a canvas of `shape` (height, width), surrounded."""
        if self.surround == "inpaint":
            return np.rint(surround(small, place, shape)).astype(np.uint8)
        return on_colour(small, place, shape, self.ground())


def colour_code(colour: Colour) -> str:
    """A colour as `tables.FRAMES` names it, such as #7c7468."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def on_colour(
    small: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int], ground: Colour
) -> NDArray[np.uint8]:
    """`small` with its left upper corner at `place` (x, y) on a canvas of `shape` (height, width) of one colour."""
    canvas = np.empty((*shape, 3), np.uint8)
    canvas[:] = ground
    canvas[place[1] : place[1] + small.shape[0], place[0] : place[0] + small.shape[1]] = small
    return canvas
