"""Sums of maps over space, which several measures need: computed once for each map."""

from typing import TYPE_CHECKING

from shiftscope.cause import Layer, Step

if TYPE_CHECKING:
    from torch import Tensor


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
