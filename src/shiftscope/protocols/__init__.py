"""Rules that make a sequence of frames out of one picture: one file per kind of protocol."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.options import Options
from shiftscope.core.registry import Registry

Film = Callable[[Iterable[int]], Iterator[NDArray[np.uint8]]]
"""Numbers of frames of a film, ascending, to those frames: uint8 (height, width, 3), RGB, all of one size."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture and what is known of it."""

    image_id: str
    pixels: NDArray[np.uint8]
    """Shape (height, width, 3), RGB. Of a film, its first frame."""
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    """Shape (n, 4): x_min, y_min, x_max, y_max in px, those of crowds left out."""
    film: Film | None = None
    """Where the picture is a film: its frames, numbered from 0."""
    film_frames: int = 1
    """How many frames there are."""
    film_gaps: frozenset[int] = frozenset()
    """Those of its frames that do not follow on the one before: there are frames missing between them."""


@dataclass(frozen=True)
class Frame:
    """A window on a canvas, and how that canvas was made (the columns of `tables.FRAMES`)."""

    value: float
    canvas: int
    window_x: int
    window_y: int
    source: tuple[float, float, float, float]
    """left, top, right, bottom of the region of the picture that was resized, px."""
    resized: tuple[int, int]
    """width and height it was resized to, px."""
    resizer: str
    """The registered resizer."""
    paste: tuple[int, int] = (0, 0)
    surround: str = "none"
    warp: str = "none"
    """What then moved or turned the canvas: ``none``, ``fourier``, ``bilinear`` or, by whole pixels, ``whole``."""
    angle: float = 0.0
    """Degrees, counter-clockwise, about the frame's middle."""
    shift: tuple[float, float] = (0.0, 0.0)
    """px to the right and down, after turning."""
    run: int = 0
    """Frames of different runs are no neighbours: the step skips a number between them."""


@dataclass(frozen=True)
class Sequence:
    """The frames of one picture, in order, and the canvases they lie on (uint8, height × width × 3)."""

    canvases: list[NDArray[np.uint8]]
    frames: list[Frame]


class Unfit(Exception):
    """This picture cannot go through this protocol; the message is the reason, in a few words."""


class Protocol(Options):
    """Base of all protocols. Fields are what a user sets."""

    kind: str = ""
    """Which of the registered kinds it is; not set: the one that its own name says."""
    note: str = ""
    """Said in the report beside its results, such as how an unclear description was read."""

    def check(self, size: int) -> None:
        """Raise a ShiftscopeError if no picture could be used at an input of `size` px."""

    def steps(self) -> int | None:
        """How many frames every sequence has; None where that depends on the picture."""
        return None

    def ordered(self) -> bool:
        """Whether neighbouring steps are neighbours in what is swept. If not, no measure looks at pairs of neighbours."""
        return True

    def uses_resizers(self) -> tuple[str, ...]:
        """The resizers that it uses."""
        return (self.resizer,) if hasattr(self, "resizer") else ()

    def sequence(self, picture: Picture, size: int, rng: np.random.Generator) -> Sequence:
        """The frames of `picture` for networks that take `size` × `size` px. Raises Unfit."""
        raise NotImplementedError


protocols: Registry[type[Protocol]] = Registry("protocol", __name__)
