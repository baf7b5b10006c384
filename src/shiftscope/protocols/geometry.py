"""Resizing and the options that several protocols share."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.protocols import Unfit
from shiftscope.resizers import resizers

Axis = Literal["x", "y", "diagonal"]

LARGEST_RESIZED = 50_000_000
"""px; a strip of 20,000 × 20 would become 256,000 px wide, and 200 MB, when its shorter side is made 256."""


def along(axis: Axis, offset: int, across: int = 0) -> tuple[int, int]:
    """(x, y) of an offset along `axis`; an axis that is not moved along keeps the place `across`."""
    return (offset if axis != "y" else across, offset if axis != "x" else across)


def shifts(
    axis: Axis, offsets: tuple[int, ...], draw: int | None, rng: np.random.Generator
) -> list[tuple[float, int, int]]:
    """(value, x, y) of each step: every offset along `axis` in its order, or `draw` of them drawn at random, for x and y
    apart, and numbered."""
    if draw is None:
        return [(float(offset), *along(axis, offset)) for offset in offsets]
    return [(float(k), int(x), int(y)) for k, (x, y) in enumerate(rng.choice(offsets, (draw, 2)))]


def fit_shorter(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height when the shorter side becomes `side` px and the aspect is kept (the longer side is cut to whole
    pixels, as torchvision's Resize does)."""
    if width <= height:
        return side, int(side * height / width)
    return int(side * width / height), side


def resize(
    pixels: NDArray[np.uint8], width: int, height: int, resizer: str, box: tuple[int, int, int, int] | None = None
) -> NDArray[np.uint8]:
    """`pixels` (or the region left, top, right, bottom of them) as `height` × `width` × 3, by the function `resizer`.

    Raises Unfit where the result would be larger than any protocol has a use for.
    """
    if width * height > LARGEST_RESIZED:
        raise Unfit(f"would be {width} × {height} px after resizing")
    region = pixels if box is None else pixels[box[1] : box[3], box[0] : box[2]]
    if region.shape[:2] == (height, width):
        return np.ascontiguousarray(region)
    return resizers[resizer].item(np.ascontiguousarray(region), width, height)
