"""Arrays as text that a page carries, and that a browser unpacks without any library."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SCALE = 10_000
"""What a probability of 1 is stored as: the page shows four digits, which are those of the table."""
MISSING = 65_535
"""What is stored where there is no number."""
TYPES = {"<u2": "Uint16Array", "<i2": "Int16Array", "<i4": "Int32Array", "<f4": "Float32Array", "<f8": "Float64Array"}
"""What JavaScript calls the arrays of each type."""


class Packed(NamedTuple):
    """Arrays as a page carries them."""

    layout: list[dict[str, Any]]
    """Name, type (a class of JavaScript) and length of each array, in their order."""
    data: str
    """Their bytes, compressed (zlib), in base64. Of each array come the first bytes of all numbers, then the second bytes
    and so on: high bytes resemble one another, and compress better so."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> Packed:
    """Pack one-dimensional arrays, whose types must be among `TYPES`.

    >>> packed = pack({"a": np.array([1, 258], "<u2")})
    >>> packed.layout, list(zlib.decompress(base64.b64decode(packed.data)))
    ([{'name': 'a', 'type': 'Uint16Array', 'length': 2}], [1, 2, 0, 1])
    """
    layout, planes = [], []
    for name, array in arrays.items():
        layout.append({"name": name, "type": TYPES[array.dtype.str], "length": len(array)})
        planes.append(np.ascontiguousarray(array).view(np.uint8).reshape(len(array), -1).T.tobytes())
    return Packed(layout, base64.b64encode(zlib.compress(b"".join(planes), 9)).decode("ascii"))


def probabilities(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Probabilities as they are stored: ten-thousandths, and `MISSING` for NaN.

    >>> probabilities(np.array([0.25, 0.12346, np.nan])).tolist()
    [2500, 1235, 65535]
    """
    known = np.nan_to_num(values, nan=0.0)
    return np.where(np.isnan(values), MISSING, np.round(known * SCALE)).astype("<u2")
