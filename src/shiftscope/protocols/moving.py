"""The settings that protocols share in which the picture or the window moves by whole pixels: along which axis, by which
offsets, and whether these are taken in their order or drawn at random."""

from typing import Literal

import numpy as np
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.options import Offsets
from shiftscope.protocols import Protocol

Axis = Literal["x", "y", "diagonal"]
"""``x`` is to the right, ``y`` is down, and ``diagonal`` is both at once by the same number of pixels."""


def along(axis: Axis, offset: int, across: int = 0) -> tuple[int, int]:
    """x and y, px, of an offset along `axis`. An axis that is not moved along gets the coordinate `across`.

    >>> along("x", 3), along("y", 3, across=5), along("diagonal", 3)
    ((3, 0), (5, 3), (3, 3))
    """
    return (offset if axis != "y" else across, offset if axis != "x" else across)


class Axial(Protocol):
    """Base of the protocols in which the picture, or the window on it, moves along an axis."""

    axis: Axis = "diagonal"
    """The axis along which the picture or the window moves: `x` (to the right), `y` (down) or `diagonal` (both by the same
    amount)."""

    def sweeps_place(self) -> bool:
        return True


class Moving(Axial):
    """Base of the protocols with one frame for each of several offsets."""

    offsets: Offsets = tuple(range(9))
    """How far the picture or the window moves, px, in the order of the sequence: a list, or a range such as `0..8`."""

    def steps(self) -> int:
        return len(self.offsets)

    def said_offsets(self) -> str:
        """The offsets as error messages name them, such as ``offsets 0..8``."""
        return f"offsets {min(self.offsets)}..{max(self.offsets)}"


class Shifting(Moving):
    """Base of the protocols whose offsets may also be drawn at random."""

    draw: int | None = Field(None, ge=2, le=limits.STEPS)
    """If set, that many shifts are drawn at random from the offsets for each picture, independently in x and in y,
    instead of all offsets along `axis` in their order. Consecutive frames are then no neighbours."""

    def steps(self) -> int:
        return self.draw or len(self.offsets)

    def ordered(self) -> bool:
        return self.draw is None

    def shifts(self, rng: np.random.Generator) -> list[tuple[float, int, int]]:
        """The swept value, x and y (px) of each step: the offset and where it leads along `axis`; or, where shifts are
        drawn at random, the number of the step and the two numbers that were drawn for it."""
        if self.draw is None:
            return [(float(offset), *along(self.axis, offset)) for offset in self.offsets]
        return [(float(k), int(x), int(y)) for k, (x, y) in enumerate(rng.choice(self.offsets, (self.draw, 2)))]
