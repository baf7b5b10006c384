"""What is known of a network's layers: the answer of `find_layers`, which all that look at maps are given."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shiftscope.cause import Layer, Step
from shiftscope.cause.layouts import Laid


class Place(NamedTuple):
    """Where a layer's answer is: in which call of which module, and where in what that answers."""

    path: str
    call: int
    keys: tuple[Any, ...]


class StepPlace(NamedTuple):
    """Where a subsampling is: the `number`-th call of a module that subsamples; `merges`: the module as a whole does."""

    path: str
    number: int
    merges: tuple[Laid, Laid] | None = None
    """Then, what it is given and what it answers with."""


@dataclass(frozen=True)
class Layers:
    """The layers and subsampling steps of a network at one input size, in the order in which they run."""

    size: int
    """Width of the input, px."""
    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    factor: float | None = None
    """Width of the input ÷ width of the last map before global pooling, whichever layers were asked for. That map may
    be a single cell, and then is no layer."""
    stride: int | None = None
    """px of the input that move that map by exactly one cell; None where unknown."""
    missing: str = ""
    """What is not here, and why: whole sentences; empty where nothing is missing."""
    places: dict[str, Place] = field(default_factory=dict)
    """By a layer's name."""
    step_places: dict[str, StepPlace] = field(default_factory=dict)
    """By a step's name."""

    @property
    def exact_share(self) -> float | None:
        """Share of the translations that move the last map by whole cells, 1 ÷ stride² (Azulay & Weiss 2018, section 2)."""
        return None if self.stride is None else 1 / self.stride**2
