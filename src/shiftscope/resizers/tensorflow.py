"""TensorFlow 1.x, by its formula: Keras and many published weights saw their pictures through it."""

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
    """Each target pixel from the two nearest of each axis, whatever lies between; the picture moves by up to half a source
    pixel ÷ scale on the way."""
    resized = pixels.astype(np.float32)
    for axis, length in ((1, width), (0, height)):  # in TensorFlow's order, for the last bit
        last = resized.shape[axis] - 1
        position = np.arange(length, dtype=np.float32) * np.float32(resized.shape[axis] / length)
        low = np.minimum(np.floor(position).astype(np.int64), last)
        share = (position - low).reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
        first, second = np.take(resized, low, axis), np.take(resized, np.minimum(low + 1, last), axis)
        resized = first + (second - first) * share
    return np.rint(resized).clip(0, 255).astype(np.uint8)
