"""What is measured of a layer's maps while a picture moves: one file per measure.

A measure sees maps, keeps sums, and forgets the maps: a few numbers for each picture, and while a picture is seen, one for
each frame and channel at most. Only `shift_error` keeps a map, that of the first frame of the current picture.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Measure:
    """What is measured of one layer, or of one subsampling step.

    One instance is made for each layer (or step). For each picture, `see` is called with the maps of its frames, a batch
    after the other, and then `end_of_picture`; after the last picture, `rows` is asked.
    """

    of: ClassVar[Literal["layers", "steps"]] = "layers"
    """Whether it sees the maps of layers, or those just before subsampling."""
    of_output: ClassVar[bool] = False
    """Whether it is asked of the network's answers too, (frames, outputs, 1, 1), beside what `of` says."""

    def __init__(self, layer: "Layer | Step", shifts: NDArray[np.float64], size: int, seed: int) -> None:
        """`shifts`: shape (frames, 2), px of the input to the right and down, of each frame of a picture; the first one is
        (0, 0). `size`: width of the input, px."""
        raise NotImplementedError

    def wants(self, frame: int) -> bool:
        """Whether it has a use for the maps of this frame of a picture; maps of other frames are not given to it."""
        return True

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        """`maps`: (frames, channels, height, width), float, to be read and neither changed nor kept; `frames`: their
        numbers in the picture's sequence, ascending."""
        raise NotImplementedError

    def end_of_picture(self) -> None:
        """All frames of a picture were seen."""
        raise NotImplementedError

    def rows(self, level: float) -> list[dict[str, object]]:
        """A row for each quantity of this layer: `quantity`, `estimate`, `ci_low`, `ci_high`, `n_images`, `n`, `reason`.

        Intervals are over pictures, at `level`. `reason` says why there is no estimate or no interval, or how many pictures
        are left out; a row without an estimate may lack keys that would be empty. A quantity that has a value for each
        shift gives a row for each, with `shift` (px); a tested one has a `p_value`."""
        raise NotImplementedError


measures: Registry[type[Measure]] = Registry("measure of layers", __name__)
