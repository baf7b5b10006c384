"""Labelled pictures as training takes them: all of them in memory, ready for an augmentation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.data.pictures import read_listed
from shiftscope.networks import Network
from shiftscope.networks.augmentations import Augmentation
from shiftscope.protocols.centre import Centre
from shiftscope.protocols.geometry import fit_shorter, resize

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """Pictures and their labels."""

    frames: NDArray[np.uint8]
    """uint8 (n, height, width, 3), RGB: what the augmentation takes of each picture."""
    labels: NDArray[np.int64]
    """int64 (n,): the index of the right class."""
    aspects: NDArray[np.float64]
    """float64 (n,): width ÷ height of each picture."""

    @property
    def pixels(self) -> "Tensor":
        """uint8 (n, 3, height, width): a view of `frames`."""
        import torch

        return torch.from_numpy(self.frames).permute(0, 3, 1, 2)


def read_examples(
    images: pl.DataFrame, dataset: str, name: str, network: Network, augmentation: Augmentation, crop_fraction: float
) -> Examples:
    """The pictures of `images` (tables.IMAGES) as `augmentation` takes them for a network of this size.

    `dataset` and `name`, the network's, are for messages. Raises ShiftscopeError where pictures lack labels, have more
    classes than the network has outputs, or have changed since they were listed.
    """
    if images["label"].null_count():
        raise ShiftscopeError(
            f"network {name} is to be trained with data set {dataset}, where some pictures have no label; label them or "
            "leave them out"
        )
    labels = images["label"].to_numpy()
    if labels.max() >= network.outputs:
        raise ShiftscopeError(
            f"network {name} has {network.outputs} outputs, but data set {dataset} has labels up to {labels.max()}; write "
            f"'outputs: {labels.max() + 1}'"
        )
    protocol = Centre(crop_fraction=crop_fraction)
    side, margin = protocol.resized_side(network.size), augmentation.margin(network.size)
    extent = side if augmentation.takes == "picture" else network.size + 2 * margin
    frames = np.empty((len(images), extent, extent, 3), np.uint8)
    listed = images.select("path", "width", "height").iter_rows()
    for place, (path, width, height) in enumerate(progress(listed, len(images), "pictures")):
        pixels = read_listed(path, width, height)
        if augmentation.takes == "picture":
            frames[place] = resize(pixels, side, side, protocol.resizer)
        else:
            frames[place] = wide_crop(pixels, network.size, side, margin, protocol.resizer)
    aspects = (images["width"] / images["height"]).to_numpy().astype(np.float64)
    return Examples(frames, labels.astype(np.int64), aspects)


def wide_crop(pixels: NDArray[np.uint8], size: int, side: int, margin: int, resizer: str) -> NDArray[np.uint8]:
    """The centre crop of `size` px with `margin` px more on each side, continued by reflection where the resized picture
    ends; uint8 (size + 2 × margin, size + 2 × margin, 3).

    `side` is the shorter side of the resized picture, px. Raises Unfit where the resized picture would be too large.
    """
    resized = resize(pixels, *fit_shorter(pixels.shape[1], pixels.shape[0], side), resizer)
    rows, columns = (
        reflected(round((extent - size) / 2) - margin, size + 2 * margin, extent) for extent in resized.shape[:2]
    )
    return resized[rows[:, None], columns]


def reflected(first: int, count: int, extent: int) -> NDArray[np.int64]:
    """The indices `first`, `first` + 1, … (`count` of them) of a row of `extent` pixels that is continued on both sides by
    its reflection about its outermost pixels, which are not repeated, as by NumPy's ``pad`` with ``mode="reflect"``.

    >>> reflected(-2, 8, 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    period = max(1, 2 * (extent - 1))
    within = np.arange(first, first + count) % period
    return np.minimum(within, period - within) if extent > 1 else np.zeros(count, np.int64)
