"""A window that slides over the picture while the box of an object stays inside it."""

import math
from dataclasses import replace

import numpy as np
from pydantic import Field

from shiftscope.core import limits
from shiftscope.protocols import Frame, Picture, Sequence, Unfit, protocols
from shiftscope.protocols.geometry import Resizing, fit_shorter, resize
from shiftscope.protocols.moving import Axial, Axis, along


@protocols.register(
    "box_crop",
    title="crop that keeps the box",
    unit="px",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 3: no inpainting, no resizing",
    needs=("boxes",),
)
class BoxCrop(Axial, Resizing):
    """A window of the input size that moves over the picture as far as the largest of its boxes stays inside. At offset
    0 the box is in the middle of the window. The number of steps differs between pictures: the smaller the box, the
    more."""

    axis: Axis = "x"
    """The axis along which the window moves: `x`, `y` or `diagonal`. Along the other axis the box is as near to the
    middle of the window as the edges of the picture allow."""
    reach: int = Field(88, ge=1, le=limits.STEPS // 2)
    """The offsets are from −reach to reach − 1 px, as far as the box stays inside the window."""
    side: int | None = Field(None, ge=1, le=limits.PX)
    """The size that the shorter side of the picture is resized to, px. If it is not set, the picture is not resized."""

    def resized_side(self, size: int) -> int:
        return self.side or size

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        if not len(picture.boxes):
            raise Unfit("has no box")
        height, width = picture.pixels.shape[:2]
        w, h = (width, height) if self.side is None else fit_shorter(width, height, self.side)
        areas = np.prod(picture.boxes[:, 2:] - picture.boxes[:, :2], axis=1)
        box = picture.boxes[areas.argmax()] * np.array([w / width, h / height] * 2)
        if box[0] < 0 or box[1] < 0 or box[2] > w or box[3] > h:
            box = np.clip(box, 0, [w, h, w, h])
        if w < size or h < size:
            raise Unfit(f"has {w} × {h} px, smaller than a window of {size} px")
        base, offsets = [], range(-self.reach, self.reach)
        moves = along(self.axis, 1)
        for axis, extent in enumerate((w, h)):
            low, high = box[axis], box[axis + 2]
            first = max(0, math.ceil(high) - size)  # the places that keep the box inside
            last = min(extent - size, math.floor(low))
            if last < first:
                raise Unfit(
                    f"has a box of {math.ceil(box[2] - box[0])} × {math.ceil(box[3] - box[1])} px, which does not fit into "
                    f"a window of {size} px"
                )
            middle = round((low + high - size) / 2)
            base.append(middle if moves[axis] else min(max(middle, first), last))
            if moves[axis]:
                offsets = range(max(offsets.start, first - middle), min(offsets.stop, last - middle + 1))
        if len(offsets) < 2:
            raise Unfit(f"leaves a window of {size} px that keeps its box fewer than two places along {self.axis}")
        places = [(base[0] + x, base[1] + y) for x, y in (along(self.axis, offset) for offset in offsets)]
        left, top = (min(place[k] for place in places) for k in (0, 1))
        right, bottom = (max(place[k] for place in places) + size for k in (0, 1))
        resized = resize(picture.pixels, w, h, self.resizer)
        whole = Frame(0, 0, 0, 0, (0, 0, width, height), (w, h), self.resizer, paste=(-left, -top))
        return Sequence(
            [np.ascontiguousarray(resized[top:bottom, left:right])],
            [
                replace(whole, value=float(offset), window_x=x - left, window_y=y - top)
                for offset, (x, y) in zip(offsets, places, strict=True)
            ],
        )
