"""Filling what surrounds a picture from the picture, by normalised convolution."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ENOUGH, PUBLISHED = 200, 224 * 224
"""Unknown pixels that the published code leaves, and the pixels of its canvas; other canvases keep that share. 200 pixels
of a small one would be a black band, several rows high, at another edge for every shift."""
MOST_PASSES = 80

Floats = NDArray[np.float32]


@cache
def binomial_kernel() -> NDArray[np.float64]:
    """12 taps: [½, ½] convolved with itself ten more times; sums to 1."""
    kernel = np.array([0.5, 0.5])
    for _ in range(10):
        kernel = np.convolve(kernel, [0.5, 0.5])
    return kernel


BEFORE, AFTER = 6, 5
"""An even kernel has no middle: pixel i sees i − 6 … i + 5, as in scipy.signal.convolve2d(…, mode="same")."""


@cache
def _taps(length: int) -> NDArray[np.float64]:
    """(length, length): how much pixel i (row) sees of pixel j."""
    distance = np.arange(length)[None, :] - np.arange(length)[:, None] + BEFORE
    kernel = binomial_kernel()
    return np.where((distance >= 0) & (distance < len(kernel)), kernel[np.clip(distance, 0, len(kernel) - 1)], 0)


class _Side:
    """The known interval along one axis, and the next pass's."""

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
    """A canvas with `picture` on it, the rest filled outwards from the picture, which stays as it is.

    In each pass an unknown pixel becomes blur(image · mask) ÷ blur(mask) where that denominator is not 0; then it counts
    as known. Passes go on until at most 200 of 224 × 224 pixels are unknown (the same share of other canvases), or for 80
    passes.

    What is known is always a rectangle: the kernel's support is a square, so each pass adds 5 pixels to the left and above
    and 6 to the right and below. Hence blur(mask) is a product of two functions of one coordinate, the whole is separable,
    and only the four new strips are computed, each from the few pixels it can see.

    Parameters
    ----------
    picture : (height, width, channels), grey levels in [0, 255].
    place : x and y of its left upper corner on the canvas; it must lie inside.
    shape : height and width of the canvas.

    Returns
    -------
    float32 (*shape, channels), grey levels in [0, 255]; pixels never reached are 0.

    References
    ----------
    The algorithm of Azulay & Weiss 2019 with their kernel and their stopping rule; normalised convolution: Knutsson &
    Westin 1993. They take every pixel with R + G + B = 0 for unknown, black ones of the picture included; here the
    picture is known.
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
        known = canvas[:, top:bottom, left:right]
        across = x.blur.T
        strips = (
            (np.s_[:, y.low : top, x.low : x.high], (y.before @ known[:, :AFTER]) @ across),
            (np.s_[:, bottom : y.high, x.low : x.high], (y.after @ known[:, -BEFORE:]) @ across),
            (np.s_[:, top:bottom, x.low : left], y.inside @ (known[:, :, :AFTER] @ x.before.T)),
            (np.s_[:, top:bottom, right : x.high], y.inside @ (known[:, :, -BEFORE:] @ x.after.T)),
        )
        for where, strip in strips:
            canvas[where] = strip
        top, bottom, left, right = y.low, y.high, x.low, x.high
    return np.moveaxis(canvas, 0, -1)
