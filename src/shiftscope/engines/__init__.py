"""Engines, which run prepared networks: one file per engine.

An engine saves a network, with its normalisation, as a program: one file, from which any later job can load it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.registry import Registry
from shiftscope.networks.modules import Run

if TYPE_CHECKING:
    from torch import nn


class Engine:
    """Base of all engines."""

    precisions: ClassVar[Mapping[str, tuple[str, ...]]] = {"cpu": ("float32",), "cuda": ("float32", "tf32")}
    """What it can compute in, on each device that it runs on."""
    automatic: bool = True
    """Whether `inference.engine: auto` tries it."""

    def save(self, ready: "nn.Module", example: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any]) -> None:
        """Write the program of a network.

        Parameters
        ----------
        ready : the network with its normalisation (`modules.normalised`), on the CPU.
        example : frames that it takes, uint8 (batch, size, size, 3).
        device : ``cpu`` or ``cuda``, on which the program will run.
        path : the file to write.
        card : what card.json will say about the network.
        """
        raise NotImplementedError

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        """Load a program as a function from frames to logits, both held by the device.

        `card` is the network's card.json, `device` is ``cpu`` or ``cuda``, and `threads` how many CPU threads may be used.
        It computes in the `precision` of the card. Raises ShiftscopeError where this machine lacks what the engine needs.
        """
        raise NotImplementedError


engines: Registry[type[Engine]] = Registry("engine", __name__)
