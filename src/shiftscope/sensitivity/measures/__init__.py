"""Numbers computed from predictions: one file per family.

A measure is two sums per image, numerator and denominator; the estimate is Σ numerator ÷ Σ denominator over all images,
and every interval and test resamples images. It is written as two polars expressions that are evaluated per image, over its
frames or over its pairs of neighbouring frames (`rows.frame_rows`, `rows.pair_rows`).

Every measure of pairs is given also of those whose first frame is classified right. Of these, an expression sees only those
pairs, in order: "at the start" is then the first frame that is classified right, "at some step" one of the steps that begin
right, and an image without such a pair counts in no denominator. A measure of whole sequences that needs no label is given
also of the images whose first frame is classified right. A mean over pairs is given also at matched confidence
(`confidence`), and means over frames and pairs as a curve over what is swept (`estimates.curves`).

Some measures say the same by their definitions, most of them where all sequences are short or of one length. Each says
itself of which other one that is true (`Same`), and `coinciding` finds out where it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import polars as pl

from shiftscope.core.registry import Registry


class Lengths(NamedTuple):
    """How long the sequences of a protocol are; None where they differ from picture to picture."""

    frames: int | None
    pairs: int | None


class Same(NamedTuple):
    """Another measure that says the same by definition, on sequences of certain lengths."""

    of: str
    """The name of the other measure."""
    where: Callable[[Lengths], bool]
    how: Literal["equal", "complement", "multiple"] = "equal"
    """Whether it has the same value as the other measure, 1 − that value, or a multiple of it."""
    conditions: tuple[str, ...] = ("all", "right")
    """Under which conditions that is true."""


def always(_: Lengths) -> bool:
    """True, however long the sequences are.

    >>> always(Lengths(frames=None, pairs=None))
    True
    """
    return True


def one_pair(lengths: Lengths) -> bool:
    """Whether every sequence has one pair of neighbours.

    >>> one_pair(Lengths(frames=2, pairs=1)), one_pair(Lengths(frames=9, pairs=8))
    (True, False)
    """
    return lengths.pairs == 1


def two_frames(lengths: Lengths) -> bool:
    """Whether every sequence has two frames.

    >>> two_frames(Lengths(frames=2, pairs=1)), two_frames(Lengths(frames=None, pairs=1))
    (True, False)
    """
    return lengths.frames == 2


def one_length(lengths: Lengths) -> bool:
    """Whether all sequences have equally many pairs of neighbours.

    >>> one_length(Lengths(frames=9, pairs=8)), one_length(Lengths(frames=None, pairs=None))
    (True, False)
    """
    return lengths.pairs is not None


@dataclass(frozen=True)
class Measure:
    """How a measure is computed."""

    over: Literal["frames", "pairs"]
    """The rows that the expressions see, of one image at a time, by step."""
    numerator: pl.Expr
    denominator: pl.Expr | None
    """None: the measure is a total over images and no ratio."""
    counted: pl.Expr = field(default_factory=pl.len)
    """How many of the rows count."""
    by_row: bool = False
    """Whether it is a mean over rows, see `mean`."""
    share_of: Literal["rows", "images"] | None = None
    """Of what it is the share that has some property: of rows, or of images, each counted once at most. None: a mean of
    other values. A total counts rows that have it. Shares have intervals of their own, see `statistics.proportions`."""
    neighbours: bool = False
    """Whether it makes sense only where neighbouring steps are neighbours; every measure of pairs is of that kind."""
    same: tuple[Same, ...] = ()
    """Other measures that say the same by definition on some protocols, the one to name instead of this one first."""


def mean(over: Literal["frames", "pairs"], value: pl.Expr, among: pl.Expr | None = None, *, share: bool) -> Measure:
    """The mean of `value` over frames or pairs.

    Parameters
    ----------
    over : whether the rows are frames or pairs.
    value : what to average.
    among : which rows count; all of them if not given.
    share : whether `value` is true or false, so that the mean is a share of rows.

    >>> frames = pl.DataFrame({"right": [True, False, True, True]})
    >>> accuracy = mean("frames", pl.col("right"), share=True)
    >>> frames.select(accuracy.numerator / accuracy.denominator).item()  # 3 of 4
    0.75
    """
    counted = pl.len() if among is None else among.sum()
    counting = value.cast(pl.Float64) if among is None else value.cast(pl.Float64) * among.cast(pl.Float64)
    return Measure(
        over,
        counting.sum(),
        counted.cast(pl.Float64),
        counted,
        by_row=True,
        share_of="rows" if share else None,
    )


measures: Registry[Callable[[], Measure]] = Registry("measure", __name__)
"""Numbers computed from predictions: one file per family."""
