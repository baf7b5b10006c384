"""Pairs of points: where their middle is and how far apart they are."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest

from shiftscope.bias import BIAS
from shiftscope.bias.boxes import ALL, verdicts
from shiftscope.bias.landmarks import landmark_statistics
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError


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
    assert verdicts(found)[:2] == [("midpoint", "naive", 1, 1), ("midpoint", "feasible", 1, 1)]


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


def test_points_of_several_objects_without_numbers_are_refused_and_not_paired_crosswise():
    """Two dogs in one picture would have four pairs of eyes."""
    both = pl.concat([eyes([(50, 50)], [10]), eyes([(150, 50)], [30])])
    with pytest.raises(ShiftscopeError, match=r"picture 0 has 2 points \w+_eye of instance 0,.*column 'instance'"):
        landmark_statistics(both, seed=0)
    unnumbered = both.with_columns(instance=pl.lit(None, pl.Int64))
    with pytest.raises(ShiftscopeError, match=r"picture 0 has 2 points \w+_eye, so it is not known.*'eyes'.*'instance'"):
        landmark_statistics(unnumbered, seed=0)
    numbered = both.with_columns(instance=pl.int_range(pl.len()) // 2)
    found = row(landmark_statistics(numbered, seed=0), "distance", "none")
    assert (found["n"], found["n_images"]) == (2, 1)
    assert found["mean"] == pytest.approx(np.mean([np.hypot(10, 2), np.hypot(30, 2)]) / 200)


def test_one_point_of_each_name_a_picture_needs_no_number():
    """Nor one of each category; and a name that no pair has may be there as often as it is."""
    alone = eyes([(50, 50), (70, 50)], [10, 30]).with_columns(instance=pl.lit(None, pl.Int64))
    assert row(landmark_statistics(alone, seed=0), "distance", "none")["n"] == 2
    cat = eyes([(150, 50)], [20], category="cat").with_columns(instance=pl.lit(None, pl.Int64))
    spots = cat.with_columns(name=pl.lit("spot"))
    found = landmark_statistics(pl.concat([alone, cat, spots]), seed=0)
    assert row(found, "distance", "none")["n"] == 3
    assert row(found, "distance", "none", "cat")["mean"] == pytest.approx(np.hypot(20, 2) / 200)
