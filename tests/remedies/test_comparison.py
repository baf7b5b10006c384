"""Two sets of sums side by side, where one of them lacks a condition that the other has."""

import numpy as np
import polars as pl

from shiftscope.remedies.comparison import compared
from shiftscope.sensitivity.sums import Sums
from shiftscope.statistics.intervals import intervals

HOW = {"seed": 0, "level": 0.9, "n_resamples": 100}


def test_intervals_that_are_known_are_of_the_measure_that_they_stand_beside():
    """A remedy after which no frame is classified right has no sum of the condition `right`."""
    rng = np.random.default_rng(0)
    ids, total, rows = pl.Series(list("abcdefgh")), np.full((8, 3), 5.0), np.full((8, 3), 5)
    columns = [("top1_change", "right"), ("top1_change", "all"), ("mac", "all")]
    plain = Sums(ids, columns, rng.integers(0, 6, (8, 3)).astype(float), total, rows, ["rows"] * 3)
    helped = Sums(ids, columns[1:], rng.integers(0, 6, (8, 2)).astype(float), total[:, 1:], rows[:, 1:], ["rows"] * 2)
    found = list(compared(helped, plain, known=intervals(plain.ratios, **HOW), **HOW))
    assert [(row["measure"], row["condition"]) for row in found] == columns[1:]
    assert [row["without"] for row in found] == (plain.numerator.sum(0) / 40)[1:].tolist()
    assert found == list(compared(helped, plain, **HOW))
