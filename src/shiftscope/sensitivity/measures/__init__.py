"""Numbers computed from predictions: one file per family.

A measure is two sums per image, numerator and denominator; the estimate is Σ numerator ÷ Σ denominator over all images,
and every interval and test resamples images. It is written as two polars expressions that are evaluated per image, over its
frames or over its pairs of neighbouring frames (`rows.frame_rows`, `rows.pair_rows`).

Every measure of pairs is given also of those whose first frame is classified right. Of these, an expression sees only those
pairs, in order: "at the start" is then the first frame that is classified right, "at some step" one of the steps that begin
right, and an image without such a pair counts in no denominator. A measure of whole sequences that needs no label is given
also of the images whose first frame is classified right. A mean over pairs is given also at matched confidence
(`confidence`), and means over frames and pairs as a curve over what is swept (`estimates.curves`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from shiftscope.core.registry import Registry


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
