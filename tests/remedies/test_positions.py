"""Positions of windows in sequences: none goes across a gap, and what does not fit takes nothing away from the rest."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftscope.remedies.average import Average
from shiftscope.remedies.positions import UNKNOWN, common_positions, frames_behind, longest_runs, stride_in_steps


@settings(max_examples=60)
@given(st.sets(st.integers(0, 25), min_size=1))
def test_frames_behind_are_those_of_a_slow_loop(chosen):
    steps = sorted(chosen)
    for step, behind in zip(steps, frames_behind(np.array(steps)), strict=True):
        expected = 0
        while step + expected + 1 in chosen:
            expected += 1
        assert behind == expected


def test_the_longest_run_is_of_one_picture():
    frames = pl.DataFrame({"image_id": list("aaaabbbc"), "step": [0, 1, 3, 4, 0, 1, 2, 3]})  # c goes on where b ended
    assert longest_runs(frames).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("counts", "longest", "kept", "reach"),
    [
        ((1, 2, 8, 9), [8, 8], (1, 2, 8), 7),  # 9 of 9 frames leave one position, and no pair
        ((1, 9), [8], (1,), 0),
        ((9,), [8], (), 0),
        ((4,), [3, 4], (4,), 3),  # half of the pictures
        ((4,), [3, 3, 4], (), 0),
        ((4,), [0, 0, 0, 4], (4,), 3),  # pictures without neighbours have nothing to lose
        ((1,), [0, 0], (), 0),
    ],
)
def test_what_does_not_fit_is_left_out_with_a_reason(counts, longest, kept, reach):
    found = common_positions(Average(counts=counts), np.array(longest), None)
    assert (found.settings, found.reach) == (kept, reach)
    assert set(found.reasons) == set(counts) - set(kept)
    assert all("frames in a row" in reason for reason in found.reasons.values())


def test_phases_need_a_stride():
    remedy = Average(counts=(1, 2, 4), apart="phases")
    assert common_positions(remedy, np.array([40]), None).reasons == dict.fromkeys((1, 2, 4), UNKNOWN)
    found = common_positions(remedy, np.array([40]), 32)
    assert (found.settings, found.reach) == ((1, 2, 4), 24)


@pytest.mark.parametrize(
    ("values", "stride", "expected"),
    [
        ([0, 1, 2], 32, 32),
        ([0, -2, -4], 32, 16),
        ([0, 0.125, 0.25], 4, 32),
        ([0, 3, 6], 32, None),  # no whole number of steps
        ([0, 1, 3], 32, None),  # not the same at each step
        ([5, 5, 5], 32, None),
        ([0, 1, 2], None, None),
    ],
)
def test_the_stride_in_steps(values, stride, expected):
    frames = pl.DataFrame({"image_id": "a", "step": [0, 1, 2], "value": [float(value) for value in values]})
    assert stride_in_steps(frames, stride) == expected


def test_the_stride_in_steps_looks_at_neighbours_alone():
    frames = pl.DataFrame({"image_id": list("aaab"), "step": [0, 1, 3, 4], "value": [0.0, 1.0, 7.0, 99.0]})
    assert stride_in_steps(frames, 8) == 8
