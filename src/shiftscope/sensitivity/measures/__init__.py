"""Numbers computed from predictions: one file per family.

A measure is two sums per image, numerator and denominator; the estimate is Σ numerator ÷ Σ denominator over all images,
and every interval and test resamples images. It is written as two polars expressions that are evaluated per image, over its
frames or over its pairs of neighbouring frames (`rows.frame_rows`, `rows.pair_rows`).

Every measure of pairs is given twice: of all pairs, and of those whose first frame is classified right. Of the latter, an
expression sees only those pairs, in order: "at the start" is then the first frame that is classified right, "at some step"
one of the steps that begin right, and an image without such a pair counts in no denominator.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from shiftscope.registry import Registry


@dataclass(frozen=True)
class Measure:
    """How a measure is computed."""

    over: Literal["frames", "pairs"]
    """The rows that the expressions see, of one image at a time."""
    numerator: pl.Expr
    denominator: pl.Expr | None
    """None: the measure is a total over images and no ratio."""
    counted: pl.Expr = field(default_factory=pl.len)
    """How many of the rows count."""


measures: Registry[Callable[[], Measure]] = Registry("measure", __name__)
