"""The bilinear interpolation of TensorFlow 1.x, written anew from its formula. The pictures that Keras and many
published weights were trained or evaluated on were resized by it."""

import numpy as np
from numpy.typing import NDArray

from shiftscope.resizers import resizers


@resizers.register(
    "tf1-bilinear",
    title="TensorFlow 1 bilinear",
    reference="tf.image.resize_bilinear of TensorFlow 1.x, align_corners=False: source position = target position × "
    "(source size ÷ target size), no half-pixel centre, no antialiasing",
)
def resize_bilinear(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Interpolate linearly along each axis between two neighbouring source pixels, without half-pixel centres and
    antialiasing.

    Along an axis, target pixel i is computed at the source position p = i × (source size ÷ target size) from the pixels
    ⌊p⌋ and ⌊p⌋ + 1. Since pixel centres lie half a pixel further, the content is displaced by |source size ÷ target
    size − 1| ÷ 2 source pixels.

    Parameters
    ----------
    pixels : uint8 (·, ·, 3).
    width, height : of the result, px.

    Returns
    -------
    uint8 (height, width, 3).

    Examples
    --------
    >>> row = np.array([[[0], [30], [60], [90]]], np.uint8).repeat(3, axis=2)
    >>> resize_bilinear(row, 2, 1)[0, :, 0]  # the positions 0 and 2
    array([ 0, 60], dtype=uint8)
    """
    resized = pixels.astype(np.float32)
    for axis, length in ((1, width), (0, height)):  # in TensorFlow's order, for the last bit
        last = resized.shape[axis] - 1
        position = np.arange(length, dtype=np.float32) * np.float32(resized.shape[axis] / length)
        low = np.minimum(np.floor(position).astype(np.int64), last)
        share = (position - low).reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
        first, second = np.take(resized, low, axis), np.take(resized, np.minimum(low + 1, last), axis)
        resized = first + (second - first) * share
    return np.rint(resized).clip(0, 255).astype(np.uint8)
