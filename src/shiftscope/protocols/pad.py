"""The picture moves within the frame, so that a part of it leaves, and the border that becomes free is filled."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Offsets
from shiftscope.protocols import Frame, Picture, Sequence, protocols
from shiftscope.protocols.geometry import Resizing, fit_shorter, resize
from shiftscope.protocols.moving import Shifting
from shiftscope.protocols.pasting import Surrounding, on_colour


@protocols.register(
    "pad",
    title="picture moved partly out of the frame",
    unit="px",
    reference="torchvision's affine(translate) and RandomCrop(padding=4), as networks for CIFAR-10 are trained with (He et "
    "al. 2016, arXiv 1512.03385, §4.2)",
)
class Pad(Shifting, Surrounding, Resizing):
    """The part of the resized picture that lies on the frame at offset 0 moves as a whole. No pixels of the picture
    come in from beyond this part; the border that it leaves free is filled. Pictures that have the input size, such as
    those of CIFAR, are not resized."""

    side: int | None = Field(None, ge=1, le=limits.PX)
    """The size that the shorter side of the picture is resized to, px; if it is not set, the input size. At offset 0
    the middle of the picture is the middle of the frame."""
    offsets: Offsets = tuple(range(-4, 5))
    """How far the picture moves to the right or down, px, in the order of the sequence: a list, or a range such as
    `-4..4`."""
    surround: Literal["black", "mean", "edge", "reflect"] = "black"
    """What fills the rest of the frame: `black`; `mean`, the one `colour`; `edge`, the outermost pixels of the picture
    repeated; or `reflect`, its mirror image without a repetition of the outermost pixels. The last two are as in
    NumPy's `pad`."""

    def resized_side(self, size: int) -> int:
        return self.side or size

    def check(self, size: int) -> None:
        # Of the longer side of the picture, at least as many pixels lie on the frame at offset 0.
        shown = min(self.side or size, size)
        most = (size - shown) // 2 + shown - 1
        if max(map(abs, self.offsets)) > most:
            raise ShiftscopeError(
                f"{self.said_offsets()} move the picture out of the frame: of {shown} px in a "
                f"frame of {size} px something is left at offsets from {-most} to {most}; write others"
            )

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        height, width = picture.pixels.shape[:2]
        w, h = fit_shorter(width, height, self.side or size)
        left, top = _middle(w, size), _middle(h, size)
        shown = resize(picture.pixels, w, h, self.resizer)[max(0, -top) : size - top, max(0, -left) : size - left]
        moves = self.shifts(rng)
        # One canvas for all places: the windows move instead, the other way.
        (before_x, after_x), (before_y, after_y) = (
            (max(0, *along_axis), max(0, *(-move for move in along_axis)))
            for along_axis in ([x for _, x, _ in moves], [y for _, _, y in moves])
        )
        place = (before_x + max(0, left), before_y + max(0, top))
        canvas = self._canvas(shown, place, (before_y + size + after_y, before_x + size + after_x))
        whole = Frame(
            0, 0, 0, 0, (0, 0, width, height), (w, h), self.resizer,
            paste=(before_x + left, before_y + top), surround=self.said(), warp="whole",
        )  # fmt: skip
        return Sequence(
            [canvas],
            [
                replace(whole, value=value, window_x=before_x - x, window_y=before_y - y, shift=(x, y))
                for value, x, y in moves
            ],
        )

    def _canvas(self, shown: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """`shown` with its left upper corner at `place` (x, y) on a canvas of `shape` (height, width), the rest filled."""
        ground = self.ground()
        if ground is not None:
            return on_colour(shown, place, shape, ground)
        (x, y), (height, width) = place, shape
        around = ((y, height - y - shown.shape[0]), (x, width - x - shown.shape[1]), (0, 0))
        return np.pad(shown, around, mode="edge" if self.surround == "edge" else "reflect")


def _middle(extent: int, size: int) -> int:
    """Where `extent` px begin in a frame of `size` px that has them in its middle, rounded as by torchvision's
    CenterCrop."""
    return (size - extent) // 2 if extent < size else -round((extent - size) / 2)
