"""Sums of maps over space, which several measures need: computed once for each map."""

from typing import TYPE_CHECKING

import numpy as np

from shiftscope.cause import Layer, Step
from shiftscope.statistics.ratios import Floats

if TYPE_CHECKING:
    from torch import Tensor


class Pooled:
    """The sums of the maps of one picture's frames, (frames, channels) float64, one picture after the other.

    They lie in one block of memory that is made once. A block for each batch would lie between the network's large maps,
    and the memory of these could not be used again when they are gone.
    """

    def __init__(self, layer: Layer | Step, frames: int) -> None:
        """`frames`: of a picture, at most."""
        self.layer, self.frames = layer, frames
        self.block: Floats | None = None
        self.count = 0

    def see(self, maps: "Tensor") -> None:
        """Keep the sums of further frames, (frames, channels, height, width)."""
        found = sums(maps, self.layer)
        if self.block is None:
            self.block = np.empty((self.frames, found.shape[1]))
        self.block[self.count : self.count + len(found)] = found.cpu().numpy()
        self.count += len(found)

    def end_of_picture(self) -> Floats:
        """All that were kept of a picture. It is valid until maps of the next one are seen."""
        assert self.block is not None
        count, self.count = self.count, 0
        return self.block[:count]


def sums(maps: "Tensor", layer: Layer | Step) -> "Tensor":
    """Sums over space, (frames, channels), of `maps`, (frames, channels, height, width): what global pooling gives, times
    the number of cells.

    The answer is kept with the tensor: the next measure that sees the same maps of the same layer does not read all of them
    again. The layer has to be the same because an operation in place, as many a ReLU is, answers with the very tensor that
    the layer before it has answered with, whose values are others by then.
    """
    known: tuple[object, Tensor] | None = getattr(maps, "spatial_sums", None)
    if known is None or known[0] is not layer:
        known = layer, maps.sum((2, 3))
        maps.spatial_sums = known  # type: ignore[attr-defined]
    return known[1]


def absolute_sums(maps: "Tensor") -> "Tensor":
    """Sums over space of the absolute values, (frames, channels)."""
    import torch

    # A norm reads the maps once and keeps no copy of them.
    return torch.linalg.vector_norm(maps, ord=1, dim=(2, 3))  # type: ignore[no-any-return]
