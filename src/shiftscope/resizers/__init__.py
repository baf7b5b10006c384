"""Resizers as people's tools have them: one file per library. Which one is used decides what a network sees."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, WithJsonSchema

from shiftscope.core.registry import Registry

Resizer = Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]
"""Pixels, uint8 (height, width, 3), and the new width and height, to uint8 (new height, new width, 3).

A function that computes with more than 8 bits is rounded to the nearest and clipped to 0…255, as a file would be."""

resizers: Registry[Resizer] = Registry("resizer", __name__)


def _known(name: str) -> str:
    return resizers[name].name


ResizerName = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string"})]
"""The name of a registered resizer, such as ``pillow-bilinear``."""
