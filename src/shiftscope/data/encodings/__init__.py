"""How the pixels of a canvas are written into a cell of a table: one file per encoding, all of them without loss."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.registry import Registry


class Encoding:
    """Base of all encodings."""

    worth: ClassVar[float] = 1
    """The share of the bytes of an encoding that takes no time, such as `raw`, that this one may take at most to be
    chosen."""

    def encode(self, pixels: NDArray[np.uint8]) -> bytes:
        """The bytes that are stored for a canvas, uint8 (height, width, 3), RGB. The same pixels give the same bytes."""
        raise NotImplementedError

    def decode(self, stored: memoryview, height: int, width: int) -> NDArray[np.uint8]:
        """The canvas again, to the bit: uint8 (`height`, `width`, 3). It may be a view on `stored`, and must not be written
        to."""
        raise NotImplementedError


encodings: Registry[type[Encoding]] = Registry("encoding of canvases", __name__)
