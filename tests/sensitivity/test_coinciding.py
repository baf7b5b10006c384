"""Measures that say the same are said once: where, and only where, their definitions make them the same."""

from itertools import combinations
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.measures import measures

from ..jobs import estimates_of, summed, written

PICTURES = 60


def sequences(lengths, seed=0, unlabelled=0, run=None):
    """Random answers: `lengths` are those of the pictures' sequences, in turns; the first pictures have no label. Behind
    `run` frames, a step is missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(PICTURES):
        for step in range(lengths[k % len(lengths)]):
            top5 = rng.permutation(7)[:5].tolist()
            label = None if k < unlabelled else 3
            rows.append({
                "image_id": f"{k:03}", "step": step + (run is not None and step >= run), "value": float(step), "label": label,
                "label_prob": None if label is None else 0.1, "top5": top5,
                "label_rank": None if label is None else top5.index(3) + 1 if 3 in top5 else 6,
                "top5_prob": sorted(rng.dirichlet(np.ones(6))[:5].tolist(), reverse=True),
                "prob_of_previous_top1": float(rng.uniform()) if step and step != run else None,
            })  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def table(predicted, ordered=True):
    found = estimates_of(predicted, ordered=ordered)
    return {(row["measure"], row["condition"]): row for row in found.iter_rows(named=True)}


def said(rows):
    """Measure and condition → the other measure."""
    return {at: row["same_as"] for at, row in rows.items() if row["same_as"]}


EXPECTED = {
    2: {
        "flip_probability": "top1_change", "agreement": "top1_change", "consistency": "top1_change", "worst_change": "mac",
        "jagged_images": "jaggedness_rate", "jaggedness": "jaggedness_rate", "leaves_top5": "exit_rate",
    },
    3: {"flip_probability": "top1_change", "jaggedness": "jaggedness_rate", "pm_1": "worst_accuracy"},
    4: {"flip_probability": "top1_change", "jaggedness": "jaggedness_rate"},
}  # fmt: skip


@pytest.mark.parametrize("length", EXPECTED)
def test_what_says_the_same_in_sequences_of_a_length(length):
    found = said(table(sequences([length])))
    assert {measure: of for (measure, condition), of in found.items() if condition == "all"} == EXPECTED[length]


def test_a_label_that_is_the_top_class_can_only_leave_the_first_five():
    found = said(table(sequences([9])))
    assert {measure: of for (measure, condition), of in found.items() if condition == "right"} == {
        "exit_rate": "jaggedness_rate", "leaves_top5": "jagged_images",
    }  # fmt: skip


@pytest.mark.parametrize("length", EXPECTED)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_has_the_numbers_that_are_said(length, seed):
    rows = table(sequences([length], seed))
    how = {(name, same.of): same.how for name in (entry.name for entry in measures) for same in measures[name].item().same}
    for (measure, condition), of in said(rows).items():
        one, other = rows[measure, condition], rows[of, condition]
        values = [[row[name] for name in ("estimate", "ci_low", "ci_high")] for row in (one, other)]
        if how[measure, of] == "complement":
            values[1] = [1 - values[1][place] for place in (0, 2, 1)]
        if how[measure, of] == "multiple":
            values[1] = [value * one["n_pairs"] for value in values[1]]
        if one["estimate"] is None:
            assert other["estimate"] is None
            continue
        assert values[0][0] == pytest.approx(values[1][0]), (measure, condition)
        # The consistency takes frames, of which there are twice as many, for its largest number of trials.
        if None not in values[0] + values[1] and measure != "consistency":
            assert values[0] == pytest.approx(values[1]), (measure, condition)


@pytest.mark.parametrize("length", [2, 3, 4, 9])
def test_nothing_else_says_the_same(length):
    """On random answers, no two measures that are said apart have the same value, or 1 − it, under any condition."""
    rows = table(sequences([length]))
    apart = {at: row["estimate"] for at, row in rows.items() if not row["same_as"] and row["estimate"] not in (None, 0, 1)}
    for (one, condition), (other, under) in combinations(apart, 2):
        if condition == under:
            assert apart[one, condition] not in (
                pytest.approx(apart[other, under], rel=1e-9),
                pytest.approx(1 - apart[other, under], rel=1e-9),
            ), (one, other, condition)


@pytest.mark.parametrize(
    "predicted",
    [
        sequences([2, 5]),  # of different lengths
        sequences([9]),
        sequences([2], unlabelled=5).filter(pl.col("step") == 0),  # of one frame
    ],
)
def test_longer_sequences_and_those_of_several_lengths_have_measures_of_their_own(predicted):
    short = {"agreement", "consistency", "worst_change", "jagged_images", "leaves_top5"}
    assert not short & {measure for measure, condition in said(table(predicted)) if condition == "all"}


def test_two_frames_that_are_no_neighbours_are_no_pair():
    """There is no change from one to the other, but they agree or do not."""
    rows = table(sequences([2], run=1))
    assert rows["agreement", "all"]["estimate"] is not None
    assert said(rows) == {("consistency", "all"): "agreement", ("consistency", "right"): "agreement"}


def test_where_steps_are_choices_two_frames_have_one_measure():
    assert said(table(sequences([2]), ordered=False)) == {
        ("consistency", "all"): "agreement", ("consistency", "right"): "agreement",
    }  # fmt: skip


def compared(length):
    cells = {("p", network): sequences([length], seed) for network, seed in (("a", 0), ("b", 1), ("c", 2))}
    with TemporaryDirectory() as folder:
        files = summed(written(folder, cells), n_resamples=200)
        return comparisons(files, seed=0, level=0.95, n_resamples=200, adjust="holm")


def test_comparisons_are_made_once_of_what_says_the_same():
    found = compared(2)
    assert not set(found.filter(condition="all")["measure"]) & set(EXPECTED[2])
    assert {"top1_change", "mac", "jaggedness_rate", "exit_rate", "accuracy"} <= set(found["measure"])
    longer = compared(3).filter(condition="all")
    assert {"agreement", "flip_probability", "worst_change"} & set(longer["measure"]) == {"agreement", "worst_change"}
