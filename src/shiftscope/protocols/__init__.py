"""Protocols, the rules that make a sequence of frames out of one picture: one file per kind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.options import Options
from shiftscope.core.registry import Registry

Film = Callable[[Iterable[int]], Iterator[NDArray[np.uint8]]]
"""A function from ascending numbers of frames of a film to those frames, each uint8 (height, width, 3), RGB, all of one
size."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, or a film, and what is known of it."""

    image_id: str
    pixels: NDArray[np.uint8]
    """uint8 (height, width, 3), RGB; of a film, its first frame."""
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    """float64 (n, 4): x_min, y_min, x_max and y_max of each box, px. Boxes of crowds are left out."""
    film: Film | None = None
    """The function that reads the frames of the film, numbered from 0; None for a single picture."""
    film_frames: int = 1
    """The number of frames."""
    film_gaps: frozenset[int] = frozenset()
    """The numbers of those frames of the film before which other frames are missing."""


@dataclass(frozen=True)
class Frame:
    """A window on a canvas, and how that canvas was made. The columns of `frames.parquet` are made from it."""

    value: float
    """The swept quantity, in the unit of the protocol."""
    canvas: int
    """The place of the canvas in `Sequence.canvases`."""
    window_x: int
    """The left edge of the window on the canvas, px."""
    window_y: int
    """The upper edge of the window on the canvas, px."""
    source: tuple[float, float, float, float]
    """left, top, right and bottom of the region of the picture that was resized, px."""
    resized: tuple[int, int]
    """The width and height that it was resized to, px."""
    resizer: str
    """The name of the function that resized it."""
    paste: tuple[int, int] = (0, 0)
    """x and y on the canvas, px, of the left upper corner of the resized picture."""
    surround: str = "none"
    """What surrounds the resized picture on the canvas, as in the column `surround` of `frames.parquet`."""
    warp: str = "none"
    """How the canvas was rotated or shifted afterwards: ``none``, ``fourier``, ``bilinear``, or ``whole`` (by whole
    pixels)."""
    angle: float = 0.0
    """The rotation about the middle of the frame, degrees, counter-clockwise."""
    shift: tuple[float, float] = (0.0, 0.0)
    """The shift to the right and down after the rotation, px."""
    run: int = 0
    """The number of the run that the frame belongs to. Frames of different runs are no neighbours: the column `step`
    skips a number between two runs."""


@dataclass(frozen=True)
class Sequence:
    """The frames of one picture, in order, and the canvases that they lie on, each uint8 (height, width, 3)."""

    canvases: list[NDArray[np.uint8]]
    frames: list[Frame]


class Unfit(Exception):
    """Raised where a picture cannot go through a protocol. The message says why; its subject is the picture, as in "has
    no box"."""


class Protocol(Options):
    """Base of all protocols. Its fields are the settings that a user can write."""

    kind: str = ""
    """The registered kind of protocol. If it is not set, the name of the protocol is its kind."""
    note: str = ""
    """A remark for the report, such as how an unclear description in a paper was read."""

    def check(self, size: int) -> None:
        """Raise a ShiftscopeError if no picture could be used at an input of `size` px."""

    def steps(self) -> int | None:
        """The number of frames of every sequence; None where it depends on the picture."""
        return None

    def ordered(self) -> bool:
        """Whether consecutive frames are neighbours in what is swept. If they are not, measures of pairs of neighbours
        are left out."""
        return True

    def resized_side(self, size: int) -> int:
        """px: the side that a square picture is resized to, at most, for networks that take `size` px."""
        return size

    def has_pairs(self) -> bool:
        """Whether there are pairs of neighbouring frames: the sequences are ordered, and of more than one frame."""
        return self.ordered() and self.steps() != 1

    def sweeps_place(self) -> bool:
        """Whether the swept quantity is the place of the picture, or of the window on it, in px."""
        return False

    def only_moves(self) -> bool:
        """Whether the frames of a sequence are the same picture at other places of the frame, moved alike for all pictures,
        and nothing else changes: then the feature maps of one frame can be compared with the moved ones of another."""
        return False

    def uses_resizers(self) -> tuple[str, ...]:
        """The names of the resizers that the protocol uses."""
        return ()

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        """The frames of `picture` for networks that take `size` × `size` px, with random draws from `rng` alone.

        Raises Unfit where the picture cannot go through this protocol.
        """
        raise NotImplementedError


protocols: Registry[type[Protocol]] = Registry("protocol", __name__)
