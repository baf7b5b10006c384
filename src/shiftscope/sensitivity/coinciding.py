"""Measures that say the same by their definitions, such as on sequences of two frames: each is said once."""

from collections.abc import Collection

import numpy as np

from shiftscope.sensitivity.measures import Lengths, Same, measures
from shiftscope.sensitivity.sides import Side
from shiftscope.sensitivity.sums import Column, Ints
from shiftscope.statistics.ratios import Floats

PAIRS, FRAMES = ("top1_change", "all"), ("consistency", "all")
"""Measures that count every pair, and every frame of a sequence of several."""


def coinciding(side: Side) -> dict[Column, Same]:
    """For each measure and condition of one network on one protocol that says the same as another one, which that is.

    The other one says the same as no third one. `side` may be of some pictures alone.
    """
    counted = dict(zip(side.columns, map(int, side.totals.counted), strict=True))
    numbers = side.n_pairs, side.totals.counted, side.totals.effective_pictures
    known = Lengths(*(_each(at, side.columns, *numbers) for at in (FRAMES, PAIRS)))
    return {column: same for column in side.columns if (same := _same(column, counted, known)) is not None}


def same_as(measure: str, condition: str, lengths: Lengths, there: Collection[Column]) -> Same | None:
    """Which other measure says the same as `measure` under a condition, of those that are `there`; None if there is none.

    >>> two = Lengths(frames=2, pairs=1)
    >>> found = same_as("agreement", "all", two, {("agreement", "all"), ("top1_change", "all")})
    >>> found.of, found.how
    ('top1_change', 'complement')
    >>> same_as("agreement", "all", Lengths(frames=3, pairs=2), {("agreement", "all"), ("top1_change", "all")})
    """
    for same in measures[measure].item().same if measure in measures else ():
        if condition in same.conditions and (same.of, condition) in there and same.where(lengths):
            return same
    return None


def _same(column: Column, counted: dict[Column, int], lengths: Lengths) -> Same | None:
    measure, condition = column
    found = same_as(measure, condition, lengths, counted)
    # A measure that counts other pictures, such as those with a label, is another one.
    return found if found and counted[found.of, condition] == counted[column] else None


def _each(column: Column, columns: list[Column], n_rows: Ints, counted: Ints, effective: Floats) -> int | None:
    """How many frames, or pairs, every sequence has that counts; None where they differ, or where none counts.

    Where all pictures have the same weight, they are worth as many as they are (`Totals.effective_pictures`).
    """
    if column not in columns or not counted[place := columns.index(column)]:
        return None
    alike = np.isclose(effective[place], counted[place], rtol=1e-9)
    return int(n_rows[place] // counted[place]) if alike else None
