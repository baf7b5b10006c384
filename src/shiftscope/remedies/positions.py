"""On which steps of a sequence a remedy is measured: all of its settings on the same."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.remedies import Remedy

UNKNOWN = "how far apart its frames must be is not known for this network on this protocol"


class Common(NamedTuple):
    """The settings of a remedy that are measured on a protocol, and on which positions."""

    settings: tuple[int, ...]
    """Those whose answers fit into the sequences, ascending."""
    reach: int
    """A position is a frame with so many frames behind it, one step apart each: the largest reach of `settings`."""
    reasons: dict[int, str]
    """Why each of the other settings is not measured."""


def frames_behind(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many frames follow each frame of a picture without a gap, (frames,). `steps`, (frames,), are ascending.

    >>> frames_behind(np.array([0, 1, 2, 4, 5]))
    array([2, 1, 0, 1, 0])
    """
    last = np.flatnonzero(np.append(np.diff(steps) != 1, True))  # the last frame of each run
    places = np.arange(len(steps))
    return np.asarray(last[np.searchsorted(last, places)] - places)


def longest_runs(frames: pl.DataFrame) -> NDArray[np.int64]:
    """How many frames follow, without a gap, the first frame of each picture's longest run: (pictures,).

    `frames` have the columns image_id and step, in the order of their steps.

    >>> longest_runs(pl.DataFrame({"image_id": list("aaab"), "step": [0, 1, 3, 0]}))
    array([1, 0])
    """
    pictures = frames.group_by("image_id", maintain_order=True).agg("step")["step"]
    return np.array([frames_behind(steps.to_numpy()).max() for steps in pictures], dtype=np.int64)


def common_positions(remedy: Remedy, longest: NDArray[np.int64], stride: int | None) -> Common:
    """Which settings of a remedy are measured, so that at least half of the pictures keep a pair of positions.

    A setting whose answers reach further is left out: it would take the positions away from all others. Pictures without
    any pair of neighbours do not count.

    Parameters
    ----------
    longest : `longest_runs` of the protocol's frames.
    stride : as in `Answers`.

    >>> from shiftscope.remedies.average import Average
    >>> found = common_positions(Average(counts=(1, 4, 16)), np.array([8, 8]), stride=None)
    >>> found.settings, found.reach  # of 9 frames, 6 have another 3 behind them
    ((1, 4), 3)
    >>> found.reasons[16]
    'a pair of its answers needs 17 frames in a row, and more than half of the sequences have fewer'
    """
    several = longest[longest > 0]
    reached: dict[int, int] = {}
    reasons: dict[int, str] = {}
    for setting in remedy.settings():
        reach = remedy.reach(setting, stride)
        if reach is None:
            reasons[setting] = UNKNOWN
        elif not len(several) or 2 * np.count_nonzero(several > reach) < len(several):
            reasons[setting] = (
                f"a pair of its answers needs {reach + 2} frames in a row, and more than half of the sequences have fewer"
            )
        else:
            reached[setting] = reach
    return Common(tuple(reached), max(reached.values(), default=0), reasons)


def stride_in_steps(frames: pl.DataFrame, stride: int | None) -> int | None:
    """After how many steps a picture has moved by `stride` px. None where that is not known or differs.

    `frames` have the columns image_id, step and value, the place of the picture in px, in the order of their steps.

    >>> frames = pl.DataFrame({"image_id": "a", "step": [0, 1, 2], "value": [0.0, 0.5, 1.0]})
    >>> stride_in_steps(frames, 16)
    32
    """
    follows = (pl.col("image_id").shift(-1) == pl.col("image_id")) & (pl.col("step").shift(-1) == pl.col("step") + 1)
    moved = frames.select((pl.col("value").shift(-1) - pl.col("value")).abs().filter(follows)).to_series().unique()
    if stride is None or len(moved) != 1 or not moved[0]:
        return None
    steps = stride / moved[0]
    return int(steps) if steps == int(steps) else None
