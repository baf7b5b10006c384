"""Resizers, the functions of common libraries that resize pictures: one file per library. They give different pixels,
so that the choice of one decides what a network sees."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, WithJsonSchema

from shiftscope.core.registry import Registry

Resizer = Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]
"""A function (pixels, width, height) → resized pixels. `pixels` are uint8 (·, ·, 3); `width` and `height` are the new
ones, px; the result is uint8 (height, width, 3), contiguous in memory.

Where a library computes with more than 8 bits, its values are rounded to the nearest whole number and clipped to 0 to
255, as they would be in a file."""

resizers: Registry[Resizer] = Registry("resizer", __name__)


def _known(name: str) -> str:
    return resizers[name].name


ResizerName = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string"})]
"""The name of a registered resizer, such as ``pillow-bilinear``."""
