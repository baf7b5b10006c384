"""Augmentations, the random changes of the pictures that a network is trained on: one file per kind."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.options import Options
from shiftscope.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Augmentation(Options):
    """Base of all augmentations. Fields are what a user sets.

    Training keeps the pixels of all pictures in memory (`takes`, `margin`). At the start of each epoch, `draw` draws all
    random numbers of the epoch, and `apply` uses them on one batch after the other.
    """

    kind: str = ""
    """The registered kind of augmentation."""

    takes: ClassVar[Literal["crop", "picture"]] = "crop"
    """What is kept of each picture: ``crop``, the centre crop with `margin` px more on each side; or ``picture``, the
    whole picture, made square: both sides are as long as the shorter side would be before the centre crop."""

    def margin(self, size: int) -> int:
        """px on each side that `apply` needs beyond the centre crop of `size` px. The resized picture goes on there, and
        its reflection where it ends."""
        return 0

    def draw(self, rng: np.random.Generator, aspects: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """The random numbers of one epoch: one row per picture, in the order of `aspects`, the width ÷ height of each."""
        return np.empty((len(aspects), 0))

    def apply(self, pixels: "Tensor", drawn: NDArray[np.float64], size: int) -> "Tensor":
        """The pictures of a batch as the network is shown them.

        Parameters
        ----------
        pixels : uint8 (batch, 3, height, width), RGB: what is kept of each picture.
        drawn : the rows of `draw` for these pictures.
        size : px, the width and height of the result.

        Returns
        -------
        uint8 or float32 (batch, 3, size, size), grey levels from 0 to 255.
        """
        raise NotImplementedError


augmentations: Registry[type[Augmentation]] = Registry("kind of augmentation", __name__)
