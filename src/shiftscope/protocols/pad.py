"""The picture moves within the frame: a part of it leaves, and the border that it leaves behind is filled."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Offsets
from shiftscope.protocols import Frame, Picture, Protocol, Sequence, protocols
from shiftscope.protocols.geometry import Axis, fit_shorter, resize, shifts
from shiftscope.protocols.pasting import Colour, colour_code, on_colour
from shiftscope.resizers import ResizerName


@protocols.register(
    "pad",
    title="picture moved partly out of the frame",
    unit="px",
    reference="torchvision's affine(translate) and RandomCrop(padding=4), as networks for CIFAR-10 are trained with (He et "
    "al. 2016, arXiv 1512.03385, §4.2)",
)
class Pad(Protocol):
    """What of the resized picture lies on the frame at offset 0 moves as a whole. Nothing comes in from beyond it: what it
    leaves behind is filled. Pictures of the input's own size, such as CIFAR's, are not resized."""

    side: int | None = Field(None, ge=1)
    """The picture's shorter side is first made that many px, its middle that of the frame; not set: the input size."""
    offsets: Offsets = tuple(range(-4, 5))
    """How far the picture moves, px to the right and down."""
    axis: Axis = "diagonal"
    """Which way it moves."""
    draw: int | None = Field(None, ge=2)
    """Instead of all offsets in their order, draw so many for each picture, for x and y apart."""
    surround: Literal["black", "mean", "edge", "reflect"] = "black"
    """What fills the rest of the frame: black, one `colour`, the picture's outermost pixels repeated (`edge`), or its
    mirror image without repeating these (`reflect`), as in NumPy's `pad` and torchvision's `padding_mode`."""
    colour: Colour = (124, 116, 104)
    """The colour of `mean`, 0 to 255; as it stands, the mean of ImageNet."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes."""

    def check(self, size: int) -> None:
        # Of the longer side of a picture the frame shows no less at offset 0.
        shown = min(self.side or size, size)
        most = (size - shown) // 2 + shown - 1
        if max(map(abs, self.offsets)) > most:
            raise ShiftscopeError(
                f"offsets {min(self.offsets)}..{max(self.offsets)} move the picture out of the frame: of {shown} px in a "
                f"frame of {size} px something is left at offsets from {-most} to {most}; write others"
            )

    def steps(self) -> int:
        return self.draw or len(self.offsets)

    def ordered(self) -> bool:
        return self.draw is None

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        w, h = fit_shorter(width, height, self.side or size)
        left, top = _middle(w, size), _middle(h, size)
        shown = resize(picture.pixels, w, h, self.resizer)[max(0, -top) : size - top, max(0, -left) : size - left]
        moves = shifts(self.axis, self.offsets, self.draw, rng)
        # One canvas for all places: the windows move instead, the other way.
        (before_x, after_x), (before_y, after_y) = (
            (max(0, *along_axis), max(0, *(-move for move in along_axis)))
            for along_axis in ([x for _, x, _ in moves], [y for _, _, y in moves])
        )
        place = (before_x + max(0, left), before_y + max(0, top))
        canvas = self._canvas(shown, place, (before_y + size + after_y, before_x + size + after_x))
        whole = Frame(
            0, 0, 0, 0, (0, 0, width, height), (w, h), self.resizer,
            paste=(before_x + left, before_y + top), surround=self._said(), warp="whole",
        )  # fmt: skip
        return Sequence(
            [canvas],
            [
                replace(whole, value=value, window_x=before_x - x, window_y=before_y - y, shift=(x, y))
                for value, x, y in moves
            ],
        )

    def _ground(self) -> Colour | None:
        """The one colour that surrounds it, where it is one."""
        return {"black": (0, 0, 0), "mean": self.colour}.get(self.surround)

    def _said(self) -> str:
        """The surround as `tables.FRAMES` names it."""
        ground = self._ground()
        return self.surround if ground is None else colour_code(ground)

    def _canvas(self, shown: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """`shown` with its left upper corner at `place` (x, y) on a canvas of `shape` (height, width), the rest filled."""
        ground = self._ground()
        if ground is not None:
            return on_colour(shown, place, shape, ground)
        (x, y), (height, width) = place, shape
        around = ((y, height - y - shown.shape[0]), (x, width - x - shown.shape[1]), (0, 0))
        return np.pad(shown, around, mode="edge" if self.surround == "edge" else "reflect")


def _middle(extent: int, size: int) -> int:
    """Where `extent` px begin in a frame of `size` px that has them in its middle, as torchvision's CenterCrop rounds."""
    return (size - extent) // 2 if extent < size else -round((extent - size) / 2)
