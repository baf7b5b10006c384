"""Shifts by whole pixels."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core import limits
from shiftscope.networks.augmentations import Augmentation, augmentations

if TYPE_CHECKING:
    from torch import Tensor


@augmentations.register(
    "shifts",
    title="shifted crops",
    reference="He et al. 2016 (arXiv 1512.03385), section 4.2: CIFAR-10's pictures padded by an eighth of their width and "
    "cropped at random; here around the centre crop, and with a reflection in place of zeros",
)
class Shifts(Augmentation):
    """The crop is moved by a whole number of pixels, −reach to reach, each equally probable, along each axis. It is taken
    from the resized picture where that reaches, and from its reflection beyond."""

    reach: int | None = Field(None, ge=1, le=limits.INPUT_SIZE)
    """The largest shift, px; not set: an eighth of the input size."""

    def margin(self, size: int) -> int:
        return size // 8 if self.reach is None else self.reach

    def draw(self, rng: np.random.Generator, aspects: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """The left and the upper edge, px, of each crop in what is kept of its picture.

        >>> edges = Shifts(reach=1).draw(np.random.default_rng(0), np.ones(1000), 8)
        >>> np.unique(edges).tolist()
        [0.0, 1.0, 2.0]
        """
        return rng.integers(0, 2 * self.margin(size) + 1, (len(aspects), 2)).astype(np.float64)

    def apply(self, pixels: "Tensor", drawn: NDArray[np.float64], size: int) -> "Tensor":
        import torch

        left, top = (torch.from_numpy(edge).to(pixels.device) for edge in drawn.T.astype(np.int64))
        windows = pixels.unfold(2, size, 1).unfold(3, size, 1)  # a view: (batch, 3, top, left, size, size)
        picked: Tensor = windows[torch.arange(len(pixels), device=pixels.device), :, top, left]
        return picked
