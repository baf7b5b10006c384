"""Fills what surrounds a picture from the picture itself, by normalised convolution."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ENOUGH, PUBLISHED = 200, 224 * 224
"""The number of unknown pixels that the published code leaves, and the number of pixels of its canvas. On other
canvases the same share is left: on a small one, 200 pixels would be a black band of several rows, at another edge for
every shift."""
MOST_PASSES = 80
"""The published code stops after that many passes."""

Floats = NDArray[np.float32]


@cache
def binomial_kernel() -> NDArray[np.float64]:
    """The 12 coefficients of the binomial filter: C(11, k) ÷ 2¹¹ for k from 0 to 11. They sum to 1."""
    kernel = np.array([0.5, 0.5])
    for _ in range(10):
        kernel = np.convolve(kernel, [0.5, 0.5])
    return kernel


BEFORE, AFTER = 6, 5
"""A kernel of even length has no middle. Pixel i is computed from the pixels i − 6 to i + 5, as by SciPy's
``convolve2d(…, mode="same")``."""


@cache
def _taps(length: int) -> NDArray[np.float64]:
    """(length, length): the weight of pixel j (column) in the blurred pixel i (row)."""
    distance = np.arange(length)[None, :] - np.arange(length)[:, None] + BEFORE
    kernel = binomial_kernel()
    return np.where((distance >= 0) & (distance < len(kernel)), kernel[np.clip(distance, 0, len(kernel) - 1)], 0)


class _Side:
    """The known interval along one axis, start to stop, and the interval low to high that is known after the next pass."""

    def __init__(self, start: int, stop: int, length: int) -> None:
        self.start, self.stop = start, stop
        self.low, self.high = max(0, start - AFTER), min(length, stop + BEFORE)
        seen = _taps(length)[self.low : self.high, start:stop]
        self.blur = (seen / seen.sum(1, keepdims=True)).astype(np.float32)
        """(pixels known next, pixels known now): blur(image · mask) ÷ blur(mask) along this axis."""
        self.before = self.blur[: start - self.low, :AFTER]
        self.inside = self.blur[start - self.low : stop - self.low]
        self.after = self.blur[stop - self.low :, -BEFORE:]


def surround(picture: NDArray[np.uint8], place: tuple[int, int], shape: tuple[int, int]) -> Floats:
    """A canvas on which `picture` lies unchanged and the rest is filled outwards from it.

    In each pass, every unknown pixel at which blur(mask) is not 0 becomes blur(image · mask) ÷ blur(mask) and counts as
    known from then on. Passes go on until at most 200 of 224 × 224 pixels are unknown (the same share of other
    canvases), or for 80 passes.

    Parameters
    ----------
    picture : (height, width, channels), grey levels in [0, 255].
    place : x and y of its left upper corner on the canvas, px. All of the picture must lie inside.
    shape : height and width of the canvas, px.

    Returns
    -------
    float32 (*shape, channels), grey levels in [0, 255]. Pixels that were never reached are 0.

    References
    ----------
    The algorithm, the kernel and the stopping rule are those of Azulay & Weiss 2019; normalised convolution is due to
    Knutsson & Westin 1993. The published code takes every pixel with R + G + B = 0 for unknown, also the black pixels
    of the picture; here, all pixels of the picture are known.
    """
    height, width = shape
    left, top = place
    right, bottom = left + picture.shape[1], top + picture.shape[0]
    canvas = np.zeros((picture.shape[2], height, width), np.float32)
    canvas[:, top:bottom, left:right] = np.moveaxis(picture, -1, 0)
    for _ in range(MOST_PASSES):
        if height * width - (bottom - top) * (right - left) <= ENOUGH * height * width // PUBLISHED:
            break
        y, x = _Side(top, bottom, height), _Side(left, right, width)
        _grow(canvas, y, x)
        top, bottom, left, right = y.low, y.high, x.low, x.high
    return np.moveaxis(canvas, 0, -1)


def _grow(canvas: Floats, y: _Side, x: _Side) -> None:
    """One pass over `canvas` (channels, height, width), whose known pixels are the rectangle of the intervals `y` and `x`.

    What is known is always a rectangle, because the kernel's support is a square: each pass adds 5 pixels to the left
    and above and 6 to the right and below. Hence blur(mask) is a product of two functions of one coordinate, the
    normalised blur is separable, and only the four new strips are computed, each from the few known pixels that it
    depends on.
    """
    known = canvas[:, y.start : y.stop, x.start : x.stop]
    across = x.blur.T
    strips = (
        (np.s_[:, y.low : y.start, x.low : x.high], (y.before @ known[:, :AFTER]) @ across),
        (np.s_[:, y.stop : y.high, x.low : x.high], (y.after @ known[:, -BEFORE:]) @ across),
        (np.s_[:, y.start : y.stop, x.low : x.start], y.inside @ (known[:, :, :AFTER] @ x.before.T)),
        (np.s_[:, y.start : y.stop, x.stop : x.high], y.inside @ (known[:, :, -BEFORE:] @ x.after.T)),
    )
    for where, strip in strips:
        canvas[where] = strip
