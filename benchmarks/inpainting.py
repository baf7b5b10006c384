"""(c) Seconds of the published inpainting ÷ seconds of ours, per frame: a 120 × 100 px picture on a 224 px canvas.

The published function is written here from its description (docs/paper.md): scipy.signal.convolve2d in float64, separable,
per channel, over the whole canvas in every pass.

    python benchmarks/inpainting.py
"""

import numpy as np
from common import alternately, median_ratio
from scipy.signal import convolve2d

from shiftscope.protocols.inpainting import binomial_kernel, surround

SIZE = 224


def published(image: np.ndarray) -> np.ndarray:
    """`image`, float64 (224, 224, 3), 0 where R + G + B = 0 is taken for unknown."""
    kernel = binomial_kernel()

    def blur(plane: np.ndarray) -> np.ndarray:
        return convolve2d(convolve2d(plane, kernel[:, None], "same"), kernel[None], "same")

    image = image.copy()
    for _ in range(80):
        mask = (image.sum(-1) > 0).astype(float)
        if (mask == 0).sum() <= 200:
            break
        weight = blur(mask)
        reached = (mask == 0) & (weight > 0)
        for channel in range(3):
            image[..., channel][reached] = blur(image[..., channel] * mask)[reached] / weight[reached]
    return image


def main() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(1, 256, (120, 100, 3), dtype=np.uint8)
    places = [(int(x), int(y)) for x, y in rng.integers(0, (SIZE - 100 + 1, SIZE - 120 + 1), (6, 2))]
    pasted = []
    for x, y in places:
        canvas = np.zeros((SIZE, SIZE, 3))
        canvas[y : y + 120, x : x + 100] = picture
        pasted.append(canvas)
    apart = max(
        np.abs(published(canvas) - surround(picture, place, (SIZE, SIZE))).max()
        for canvas, place in zip(pasted, places, strict=True)
    )
    slow, fast = alternately(
        3,
        lambda: [published(canvas) for canvas in pasted],
        lambda: [surround(picture, place, (SIZE, SIZE)) for place in places],
    )
    print(f"largest difference: {apart:.1g} grey levels")
    print(f"ms a frame: published {1000 * np.median(slow) / 6:.0f}, ours {1000 * np.median(fast) / 6:.2f}")
    print(f"(c) published ÷ ours, seconds: {median_ratio(slow, fast)}")


if __name__ == "__main__":
    main()
