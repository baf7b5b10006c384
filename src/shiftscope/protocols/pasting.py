"""The settings that protocols share which fill the surroundings of a picture, and which paste it onto a canvas."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.protocols import Protocol
from shiftscope.protocols.geometry import Resizing, fit_shorter
from shiftscope.protocols.inpainting import surround

_Level = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[_Level, _Level, _Level]
"""Red, green and blue, each from 0 to 255."""


class Surrounding(Protocol):
    """Base of the protocols that fill what surrounds a picture. Each of them names the fillings that it has."""

    surround: str = "black"
    """What surrounds the picture."""
    colour: Colour = (124, 116, 104)
    """The colour that `surround: mean` fills with: red, green and blue, each from 0 to 255. The default is the mean of
    ImageNet."""

    def ground(self) -> Colour | None:
        """The colour around the picture, or None where it is not filled with one colour."""
        return {"black": (0, 0, 0), "mean": self.colour}.get(self.surround)

    def said(self) -> str:
        """The surround as the column `surround` of `frames.parquet` names it."""
        ground = self.ground()
        return self.surround if ground is None else "#{:02x}{:02x}{:02x}".format(*ground)


class Pasting(Surrounding, Resizing):
    """Base of the protocols that paste the whole picture onto a canvas."""

    resize: Literal["shorter", "longer", "square"] = "shorter"
    """Which side of the pasted picture has the size that is asked for. `shorter` and `longer` keep the aspect ratio;
    with `square` both sides have that size."""
    surround: Literal["black", "mean", "inpaint"] = "black"
    """What surrounds the picture on the canvas: `black`; `mean`, the one `colour`; or `inpaint`, which is filled from
    the picture's own border, for each frame anew."""

    def resized(self, width: int, height: int, side: int) -> tuple[int, int]:
        """Width and height, px, that a picture of `width` × `height` px is resized to where a size of `side` px is
        asked for."""
        if self.resize == "square":
            return side, side
        if self.resize == "shorter":
            return fit_shorter(width, height, side)
        scale = side / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def canvas(self, small: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """`small`, uint8 (·, ·, 3), with its left upper corner at `place` (x, y; px) on a canvas of `shape` (height,
        width; px) that is filled as `surround` says."""
        ground = self.ground()
        if ground is None:
            return np.rint(surround(small, place, shape)).astype(np.uint8)
        return on_colour(small, place, shape, ground)


def on_colour(
    small: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int], ground: Colour
) -> NDArray[np.uint8]:
    """`small`, uint8 (·, ·, 3), with its left upper corner at `place` (x, y; px) on a canvas of `shape` (height, width;
    px) of one colour."""
    canvas = np.empty((*shape, 3), np.uint8)
    canvas[:] = ground
    canvas[place[1] : place[1] + small.shape[0], place[0] : place[0] + small.shape[1]] = small
    return canvas
