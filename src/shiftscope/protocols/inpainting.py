"""Filling what surrounds a picture from the picture, by normalised convolution."""

import numpy as np
from numpy.typing import NDArray

ENOUGH, PUBLISHED = 200, 224 * 224
"""Unknown pixels that the published code leaves, and the pixels of its canvas; other canvases keep that share. 200 pixels
of a small one would be a black band, several rows high, at another edge for every shift."""
MOST_PASSES = 80


def binomial_kernel() -> NDArray[np.float64]:
    """12 taps: [½, ½] convolved with itself ten more times; sums to 1."""
    kernel = np.array([0.5, 0.5])
    for _ in range(10):
        kernel = np.convolve(kernel, [0.5, 0.5])
    return kernel


def _blur(plane: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    from scipy.ndimage import correlate1d

    # An even kernel has no middle: offsets −6…5, the same as scipy.signal.convolve2d(…, "same").
    down = correlate1d(plane, kernel, axis=0, mode="constant")
    return np.asarray(correlate1d(down, kernel, axis=1, mode="constant"), dtype=np.float32)


def inpaint(image: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill the unknown pixels of `image` outwards from the known ones, which stay as they are.

    In each pass an unknown pixel becomes blur(image · mask) ÷ blur(mask) where that denominator is not 0; then it counts
    as known. Passes go on until at most 200 of 224 × 224 pixels are unknown (the same share of other canvases), or for 80
    passes.

    Parameters
    ----------
    image : (height, width, channels), grey levels in [0, 255]; values at unknown pixels do not matter.
    known : (height, width), true where the picture is.

    Returns
    -------
    float32, the same shape, grey levels in [0, 255]; pixels never reached are 0.

    References
    ----------
    The algorithm of Azulay & Weiss 2019 with their kernel and their stopping rule; normalised convolution: Knutsson &
    Westin 1993. They take every pixel with R + G + B = 0 for unknown, black ones of the picture included; here the caller
    says what is known.
    """
    kernel = binomial_kernel()
    mask = known.astype(np.float32)
    filled = np.where(known[..., None], image, 0).astype(np.float32)
    for _ in range(MOST_PASSES):
        unknown = mask == 0
        if unknown.sum() <= ENOUGH * known.size // PUBLISHED:
            break
        weight = _blur(mask, kernel)
        reached = unknown & (weight > 0)
        for channel in range(filled.shape[2]):
            plane = filled[..., channel]
            plane[reached] = _blur(plane, kernel)[reached] / weight[reached]
        mask[reached] = 1
    return filled
