"""Sums of maps over space, which several measures need: computed once for each map."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def sums(maps: "Tensor") -> "Tensor":
    """Sums over space, (frames, channels), of `maps`, (frames, channels, height, width): what global pooling gives, times
    the number of cells.

    The answer is kept with the tensor: the next measure that sees the same maps does not read all of them again.
    """
    if not hasattr(maps, "spatial_sums"):
        maps.spatial_sums = maps.sum((2, 3))  # type: ignore[attr-defined]
    return maps.spatial_sums  # type: ignore[attr-defined, no-any-return]


def absolute_sums(maps: "Tensor") -> "Tensor":
    """Sums over space of the absolute values, (frames, channels)."""
    import torch

    # A norm reads the maps once and keeps no copy of them.
    return torch.linalg.vector_norm(maps, ord=1, dim=(2, 3))
