"""The sentence that the page and the captions say of the tests of framing."""

import polars as pl

from shiftscope.bias import BIAS
from shiftscope.bias.boxes import COUNTED
from shiftscope.core import tables
from shiftscope.wording.framing import SAID, verdict_sentence


def bias(*rows):
    """Rows of category, quantity, null, q and effect; the p-value is q."""
    names = ("category", "quantity", "null", "q_value", "effect")
    return tables.table([{**dict(zip(names, row, strict=True)), "p_value": row[3]} for row in rows], BIAS)


def test_the_sentence_counts_categories_and_says_what_drives_it():
    table = bias(
        ("(all)", "centre_x", "feasible", 1e-9, 0.4),
        ("a", "centre_x", "feasible", 0.001, 0.3),
        ("b", "centre_x", "feasible", 0.4, 0.2),
        ("a", "centre", "feasible", 0.001, None),
        ("b", "centre", "feasible", 0.5, None),
        ("a", "height", "naive", 0.01, 0.1),
        ("b", "height", "naive", 0.02, 0.1),
    )
    assert verdict_sentence(table) == (
        "1 of 2 not even given the size of their boxes (feasible null); 2 of 2 do not have uniform heights (q < 0.05). "
        "Rejected most often: height (naive), 2 of 2; farthest from uniform: centre_x (feasible), median distance 0.25."
    )
    assert "0 of 2 do not have uniform heights (q < 0.001)." in verdict_sentence(table, q=0.001)


def test_nothing_drives_what_is_uniform():
    said = verdict_sentence(bias(("a", "width", "naive", 0.9, 0.01)))
    assert said == "0 of 1 do not have uniform widths (q < 0.05)."


def test_points_are_said_to_be_points():
    assert "midpoints uniformly" in verdict_sentence(bias(("a", "midpoint", "naive", 0.01, None)))


def test_what_was_not_tested_is_said():
    assert verdict_sentence(bias(("a", "centre", "naive", None, None))) == "No category has enough boxes to be tested."
    assert verdict_sentence(BIAS.to_frame()) == "No category has enough boxes to be tested."


def test_every_verdict_has_words():
    assert tuple(SAID) == COUNTED
    assert pl.Series(list(SAID.values())).is_unique().all()
