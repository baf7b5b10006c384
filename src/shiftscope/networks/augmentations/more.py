"""Random resized crops, mirrored, in changed colours."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.networks.augmentations import Augmentation, augmentations

if TYPE_CHECKING:
    from torch import Tensor

AREA = (0.35, 1.0)
"""The area of a crop as a share of its picture, the smallest and the largest."""
ASPECT = (3 / 4, 4 / 3)
"""The width ÷ height of a crop, the smallest and the largest."""
TRIES = 10
"""How often a crop is drawn that does not fit into its picture."""
GREY = (0.299, 0.587, 0.114)
"""The weights of red, green and blue in a grey level (ITU-R BT.601)."""


@augmentations.register(
    "more",
    title="random resized crops",
    reference="Szegedy et al. 2015 (arXiv 1409.4842), section 6: crops of random area and aspect, and changes of colour; "
    "the area is at least 0.35 here, where they have 0.08",
)
class More(Augmentation):
    """A crop of 35 to 100 % of the picture's area, its width ÷ height between 3/4 and 4/3, made as large as the input;
    mirrored half of the time; its brightness and contrast changed."""

    mirror: bool = True
    """Whether half of the crops are mirrored, left and right exchanged. Digits and letters should not be."""
    colour: float = Field(0.2, ge=0, lt=1)
    """Brightness and contrast are each multiplied by a number between 1 − colour and 1 + colour."""

    takes = "picture"

    def draw(self, rng: np.random.Generator, aspects: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """Left edge, upper edge, width and height of each crop, as shares of its picture; whether it is mirrored, 1 or 0;
        and the factors of its brightness and contrast."""
        count = len(aspects)
        mirrored = rng.random((count, 1)) < (0.5 if self.mirror else 0)
        factors = rng.uniform(1 - self.colour, 1 + self.colour, (count, 2))
        return np.concatenate([crops(rng, aspects), mirrored, factors], axis=1)

    def apply(self, pixels: "Tensor", drawn: NDArray[np.float64], size: int) -> "Tensor":
        import torch

        numbers = torch.from_numpy(drawn.astype(np.float32)).to(pixels.device)
        left, top, width, height, mirrored, brightness, contrast = numbers.unbind(1)
        cropped = crop(pixels.to(torch.float32), left, top, width, height, mirrored, size)
        return recoloured(cropped, brightness, contrast)


def crops(rng: np.random.Generator, aspects: NDArray[np.float64]) -> NDArray[np.float64]:
    """Random crops: left edge, upper edge, width and height, as shares of the picture; float64 (pictures, 4).

    The area is uniform in `AREA`, the logarithm of the aspect uniform in that of `ASPECT`, and the place uniform among
    those in the picture. A crop that does not fit is drawn again. After `TRIES` of them it is the largest one in the middle
    with an aspect in `ASPECT`. `aspects` are the width ÷ height of the pictures.

    >>> left, top, width, height = crops(np.random.default_rng(0), np.full(1000, 1.5)).T
    >>> bool((left >= 0).all() and (left + width <= 1).all()), bool((0.35 <= width * height).all())
    (True, True)
    """
    area = rng.uniform(*AREA, (TRIES, len(aspects)))
    aspect = np.exp(rng.uniform(np.log(ASPECT[0]), np.log(ASPECT[1]), (TRIES, len(aspects))))
    # In shares of the picture's width and height: their product is the share of its area.
    width, height = np.sqrt(area * aspect / aspects), np.sqrt(area / aspect * aspects)
    fits = (width <= 1) & (height <= 1)
    first, all_columns = fits.argmax(0), np.arange(len(aspects))
    nearest = np.clip(aspects, *ASPECT) / aspects
    largest = np.minimum(1, [nearest, 1 / nearest])  # one of the two is 1
    extent = np.where(fits.any(0), [width[first, all_columns], height[first, all_columns]], largest)
    place = np.where(fits.any(0), rng.random((2, len(aspects))), 0.5) * (1 - extent)
    return np.concatenate([place, extent]).T


def crop(
    pixels: "Tensor", left: "Tensor", top: "Tensor", width: "Tensor", height: "Tensor", mirrored: "Tensor", size: int
) -> "Tensor":
    """The crops made `size` × `size` px by bilinear interpolation.

    Pixel i of the result is computed at the place (i + ½) ÷ size of the crop's width (from its right edge where it is
    mirrored), as `torch.nn.functional.grid_sample` has it with ``align_corners=False``.

    Parameters
    ----------
    pixels : float32 (batch, 3, ·, ·).
    left, top, width, height : (batch,), shares of the picture.
    mirrored : (batch,), 1 where left and right are exchanged, else 0.
    """
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    zero = torch.zeros_like(left)
    across = torch.stack([width * (1 - 2 * mirrored), zero, 2 * left + width - 1], 1)
    down = torch.stack([zero, height, 2 * top + height - 1], 1)
    grid = affine_grid(torch.stack([across, down], 1), [len(pixels), 3, size, size], align_corners=False)
    return grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)


def recoloured(pixels: "Tensor", brightness: "Tensor", contrast: "Tensor") -> "Tensor":
    """Grey levels times `brightness`, and then their distance from the picture's mean grey level times `contrast`; both
    steps end at 0 and 255. `pixels` are float32 (batch, 3, ·, ·), the factors (batch,)."""
    import torch

    bright = (pixels * brightness.view(-1, 1, 1, 1)).clamp(0, 255)
    weights = torch.tensor(GREY, device=pixels.device).view(1, 3, 1, 1)
    mean = (bright * weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    return (mean + (bright - mean) * contrast.view(-1, 1, 1, 1)).clamp(0, 255)
