"""What helps: ways to steadier answers, each measured on the same pictures as the network without it, with its price.

A remedy that works on answers is a function from the answers on a sequence of frames to other answers, whatever protocol
made the frames; one file each. A remedy that changes the network is another network of the config, which says of which one
it is the remedy (`networks.<name>.remedy_of`). Both end in the same table.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.columns import Column, Table
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry


@dataclass(frozen=True)
class Answers:
    """What one network answers on the frames of one picture, in the order of their steps."""

    logits: NDArray[np.float32]
    """(frames, outputs)"""
    steps: NDArray[np.int64]
    """(frames,), ascending. Frames whose steps do not follow each other are no neighbours."""
    scores: NDArray[np.float64] | None = None
    """(frames,): how well each frame is placed, for remedies that choose among frames; None where none needs it."""
    stride: int | None = None
    """Steps after which the picture has moved by as many pixels as move the network's last map by one cell; None where
    that is not known."""


Counts = tuple[Annotated[int, Field(ge=1, le=limits.STEPS)], ...]
"""Numbers of frames."""


class Remedy(Options):
    """Base of the remedies that work on answers. Its fields are what a user sets."""

    kind: str = ""
    """The registered kind of remedy. If it is not set, the name of the remedy is its kind."""
    protocols: tuple[str, ...] | None = None
    """Names of the protocols on whose frames it is tried. If it is not set: all whose consecutive frames are neighbours."""

    def settings(self) -> tuple[int, ...]:
        """The numbers of frames that one answer is made of or chosen among, ascending: the table has a row for each."""
        raise NotImplementedError

    def passes(self, setting: int) -> int:
        """How many forward passes of the network one answer takes."""
        raise NotImplementedError

    def needs_scores(self) -> bool:
        """Whether `Answers.scores` must be there."""
        return False

    def reach(self, setting: int, stride: int | None) -> int | None:
        """How many steps beyond its own one an answer uses. None where that cannot be known without `stride`, which is that
        of `Answers`."""
        raise NotImplementedError

    def remedied(self, answers: Answers, setting: int, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """The logits, (len(starts), outputs), of the answers that begin at these places of `answers`: finite numbers.

        `starts` are indices of frames behind each of which `reach` more frames follow, one step apart each. It is not asked
        where `reach` is None.
        """
        raise NotImplementedError


remedies: Registry[type[Remedy]] = Registry("kind of remedy", __name__)


class RemediesTable(Table):
    """One row per network × remedy × setting × protocol × measure × condition. The answers with and without the remedy are
    on the same pictures and steps."""

    files = (
        "<data set>/remedies.parquet",
        "<data set>/remedies/<network>.parquet",
        "<data set>/network_remedies.parquet",
    )
    network = Column(pl.String)
    """The name of the network that the remedy is for."""
    remedy = Column(pl.String)
    """The name of the remedy in the config, or of the network that is one."""
    kind = Column(pl.String)
    """The kind of the remedy, such as `average`; `network` for another network."""
    setting = Column(pl.Int64)
    """The number of frames that one answer is made of or chosen among. Null for another network."""
    protocol = Column(pl.String)
    """The name of the protocol in the config."""
    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all. Null in a row that only says, by `reason`, why this setting was
    not measured on this protocol."""
    condition = Column(pl.String)
    """Which pairs or frames count: `all`, or `right`, those whose first frame is classified right."""
    without = Column(pl.Float64, "of the measure")
    """The value of the network without the remedy, on the same pictures and steps."""
    estimate = Column(pl.Float64, "of the measure")
    """The value with the remedy."""
    ci_low = Column(pl.Float64, "of the measure")
    """The lower end of the interval of `estimate`."""
    ci_high = Column(pl.Float64, "of the measure")
    """The upper end of it."""
    difference = Column(pl.Float64, "of the measure")
    """The value with the remedy less that without it."""
    difference_low = Column(pl.Float64, "of the measure")
    """The lower end of the interval of the difference, over the same pictures."""
    difference_high = Column(pl.Float64, "of the measure")
    """The upper end of it."""
    n_images = Column(pl.Int64)
    """The number of pictures that count with the remedy."""
    n_pairs = Column(pl.Int64)
    """The number of pairs, or of frames for a measure of frames, that count with it."""
    passes = Column(pl.Float64)
    """Forward passes of the network for one answer."""
    time_ratio = Column(pl.Float64)
    """The time of one answer ÷ that of one answer of the network without the remedy, on the same machine. Null where it was
    not measured."""
    parameters_added = Column(pl.Int64)
    """Learned parameters more than without the remedy. Null where the networks hide them."""
    epochs = Column(pl.Int64)
    """Epochs of training in this run that the remedy took beyond those of the network without it; 0 for a remedy without
    training, and for networks that somebody else trained."""
    reason = Column(pl.String)
    """Why a number is missing. Null where none is."""


class AugmentationTable(Table):
    """One row per protocol × augmentation × network that was trained with it, on the pictures that all networks have; then
    the means over networks by the framing of the pictures that they were trained on, and the difference of these means."""

    files = ("<data set>/augmentation.parquet",)
    protocol = Column(pl.String)
    """The name of the protocol in the config."""
    augmentation = Column(pl.String)
    """The kind of augmentation, such as `shifts`."""
    of = Column(pl.String)
    """What the row is about: a `network`; a `framing`, the mean over the networks that were trained on pictures framed in
    this way; or the `difference`, the gain where pictures are framed alike less that where they are framed otherwise."""
    network = Column(pl.String)
    """The name of the network that was trained with the augmentation. Null for means and differences."""
    without = Column(pl.String)
    """The name of the same network trained without it. Null for means and differences."""
    trained_on = Column(pl.String)
    """The name of the data set that both were trained on. Null for means and differences."""
    framing = Column(pl.String)
    """How the pictures of this data set are framed: `alike`, if of all data sets that networks were trained on this one's
    framing is the nearest, else `otherwise`. Null where it is not known."""
    distance = Column(pl.Float64)
    """The mean of the Wasserstein distances of centres, widths and heights of boxes between this data set and the one
    that the networks were trained on, from 0 to 1. Null where the two were not compared."""
    plain = Column(pl.Float64)
    """P(top-1 change) without the augmentation, from 0 to 1."""
    estimate = Column(pl.Float64)
    """P(top-1 change) with it, from 0 to 1."""
    gain = Column(pl.Float64)
    """How much smaller P(top-1 change) is with the augmentation."""
    gain_low = Column(pl.Float64)
    """The lower end of the interval of the gain, over the same pictures."""
    gain_high = Column(pl.Float64)
    """The upper end of it."""
    n_images = Column(pl.Int64)
    """The number of pictures."""
    reason = Column(pl.String)
    """Why an interval is missing. Null where none is."""


AUGMENTATION = AugmentationTable.schema()
REMEDIES = RemediesTable.schema()
