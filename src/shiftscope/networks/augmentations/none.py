"""No augmentation."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shiftscope.networks.augmentations import Augmentation, augmentations

if TYPE_CHECKING:
    from torch import Tensor


@augmentations.register("none", title="centre crop", reference="the usual ImageNet evaluation (resize 256, crop 224)")
class Unchanged(Augmentation):
    """The centre crop of each picture, the same one in every epoch."""

    def apply(self, pixels: "Tensor", drawn: NDArray[np.float64], size: int) -> "Tensor":
        return pixels
