"""What runs a prepared network: one file per engine. A program is a network with its normalisation, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.registry import Registry
from shiftscope.networks.modules import Run

if TYPE_CHECKING:
    from torch import nn


class Engine:
    """Base of all engines. None lowers the precision: float32 throughout."""

    devices: tuple[str, ...] = ("cpu", "cuda")
    automatic: bool = True
    """Whether `auto` tries it."""

    def save(self, ready: "nn.Module", example: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any]) -> None:
        """Write the program: `ready` takes uint8 frames (batch, height, width, 3) like `example`, see `modules.normalised`;
        `card` is what card.json will say, the engine aside."""
        raise NotImplementedError

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        """Load the program onto `device`. `card` is the network's card.json."""
        raise NotImplementedError


engines: Registry[type[Engine]] = Registry("engine", __name__)
