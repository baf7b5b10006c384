"""Pixels as they are. Where the canvases of a picture share most of their pixels, the file's own compression finds them."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.data.encodings import Encoding, encodings


@encodings.register("raw", title="pixels as they are", reference="numpy's order: row by row, red, green and blue")
class Raw(Encoding):
    """One byte for each grey level, row by row: height × width × 3."""

    def encode(self, pixels: NDArray[np.uint8]) -> bytes:
        """The bytes of the array.

        >>> Raw().encode(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)).hex()
        '010203040506'
        """
        return pixels.tobytes()

    def decode(self, stored: memoryview, height: int, width: int) -> NDArray[np.uint8]:
        """The array that these are the bytes of: a view."""
        return np.frombuffer(stored, np.uint8).reshape(height, width, 3)
