"""A window that slides over the picture's own pixels while the object's box stays inside."""

import math
from dataclasses import replace

import numpy as np
from pydantic import Field

from shiftscope.protocols import Frame, Picture, Protocol, Sequence, Unfit, protocols
from shiftscope.protocols.geometry import Axis, along, fit_shorter, resize
from shiftscope.resizers import ResizerName


@protocols.register(
    "box_crop",
    title="crop that keeps the box",
    unit="px",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 3: no inpainting, no resizing",
    needs=("boxes",),
)
class BoxCrop(Protocol):
    """Offset 0 is where the window has the box in its middle. A picture has as many steps as its box and its edges leave
    room for: a small box has many. Of several boxes, the largest."""

    axis: Axis = "x"
    """Which way the window moves; on an axis that it does not move along, the box is in its middle, as near as the
    picture's edges allow."""
    reach: int = Field(88, ge=1)
    """Offsets from −reach to reach − 1, px, at most."""
    side: int | None = Field(None, ge=1)
    """The picture's shorter side is first made that many px; not set: its own pixels, not resized."""
    resizer: ResizerName = "pillow-bilinear"
    """The function that resizes, with `side`."""

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
