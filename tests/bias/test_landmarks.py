"""Pairs of points: where their middle is and how far apart they are."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from shiftscope import tables
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import ALL, verdict_sentence
from shiftscope.bias.landmarks import landmark_statistics
from shiftscope.errors import ShiftscopeError


def eyes(middle, apart, category="terrier", names=("left_eye", "right_eye")):
    rows = []
    for k, ((x, y), d) in enumerate(zip(middle, apart, strict=True)):
        common = {
            "image_id": str(k),
            "category": category,
            "instance": 0,
            "image_width": 200,
            "image_height": 100,
            "visible": True,
        }
        rows += [
            {**common, "name": names[0], "x": x + d / 2, "y": y - 1},
            {**common, "name": names[1], "x": x - d / 2, "y": y + 1},
        ]
    return tables.table(rows, tables.LANDMARKS)


def row(table, quantity, null, category=ALL):
    return table.row(
        by_predicate=(pl.col("category") == category) & (pl.col("quantity") == quantity) & (pl.col("null") == null),
        named=True,
    )


def test_numbers_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    middle, apart = rng.uniform([40, 10], [160, 90], (50, 2)), rng.uniform(5, 60, 50)
    found = landmark_statistics(eyes(middle, apart), seed=0)
    assert found.schema == BIAS
    x = row(found, "midpoint_x", "naive")
    assert x["mean"] == pytest.approx(np.mean(middle[:, 0]) / 200)
    assert x["p_value"] == pytest.approx(kstest(middle[:, 0] / 200, "uniform").pvalue)
    feasible = (middle[:, 0] / 200 - apart / 400) / (1 - apart / 200)
    assert row(found, "midpoint_x", "feasible")["statistic"] == pytest.approx(kstest(feasible, "uniform").statistic)
    distance = row(found, "distance", "none")
    assert distance["mean"] == pytest.approx(np.mean(np.hypot(apart, 2)) / 200)
    assert distance["p_value"] is None
    assert "no uniform null" in distance["reason"]
    assert row(found, "midpoint", "naive")["p_value"] is not None


def test_a_photographers_habit_is_found_and_none_where_there_is_none():
    rng = np.random.default_rng(1)
    apart = rng.uniform(5, 60, 200)
    room = np.stack([200 - apart, np.full(200, 98)], 1)
    anywhere = rng.uniform(size=(200, 2)) * room + np.stack([apart / 2, np.full(200, 1)], 1)
    habit = rng.normal([100, 40], 8, (200, 2))
    for middle, low, high in ((anywhere, 0.01, 1), (habit, 0, 1e-6)):
        found = landmark_statistics(eyes(middle, apart), seed=0)
        for quantity in ("midpoint_x", "midpoint_y", "midpoint"):
            assert low <= row(found, quantity, "feasible")["p_value"] <= high
    assert "midpoints uniformly" in verdict_sentence(found)


def test_an_object_without_both_points_is_left_out():
    table = eyes([(50, 50)] * 4, [10] * 4)
    table = table.filter(~((pl.col("image_id") == "2") & (pl.col("name") == "left_eye")))
    found = landmark_statistics(table, seed=0)
    assert row(found, "distance", "none")["n"] == 3
    assert row(found, "midpoint_x", "naive")["reason"] == "3 pairs of points, fewer than 20"
    assert landmark_statistics(tables.LANDMARKS.to_frame(), seed=0)["n"].sum() == 0


def test_other_pairs_have_their_names():
    both = pl.concat([eyes([(50, 50)] * 3, [10] * 3), eyes([(70, 50)] * 3, [30] * 3, names=("hilt", "tip"))])
    pairs = {"eyes": ("left_eye", "right_eye"), "sword": ("hilt", "tip")}
    found = landmark_statistics(both, seed=0, pairs=pairs)
    assert row(found, "sword distance", "none")["mean"] == pytest.approx(np.hypot(30, 2) / 200)
    with pytest.raises(ShiftscopeError, match="did you mean 'hilt'"):
        landmark_statistics(both, seed=0, pairs={"sword": ("hilts", "tip")})
