"""Box statistics: calibrated where the truth is known, and against a plain loop."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, kstest

from shiftscope import tables
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import ALL, box_statistics, feasible_place, verdict_sentence, verdicts


def boxes(places, category="c", width=100, height=80):
    rows = [
        {
            "image_id": str(k), "category": category, "x_min": x, "y_min": y, "x_max": x + w, "y_max": y + h,
            "image_width": width, "image_height": height, "is_crowd": False,
        }
        for k, (x, y, w, h) in enumerate(places)
    ]  # fmt: skip
    return tables.table(rows, tables.BOXES)


def uniform(rng, n, width=100, height=80):
    """Whole-pixel boxes of a quarter to three quarters of the picture, each at any place with the same probability."""
    sizes = np.stack([rng.integers(25, 76, n), rng.integers(20, 61, n)], 1)
    places = rng.integers(0, [width, height] - sizes + 1)
    return np.concatenate([places, sizes], 1)


def row(bias, quantity, null, category=ALL):
    found = bias.filter(pl.col("category") == category, pl.col("quantity") == quantity, pl.col("null") == null)
    assert len(found) == 1
    return found.row(0, named=True)


def test_the_feasible_null_rejects_uniform_placing_at_the_nominal_rate_and_the_naive_one_far_more_often():
    rng = np.random.default_rng(0)
    p = {"naive": [], "feasible": []}
    for run in range(150):
        bias = box_statistics(boxes(uniform(rng, 60)), seed=run)
        for null, found in p.items():
            found += [row(bias, f"centre_{axis}", null)["p_value"] for axis in "xy"]
    rejected = {null: (np.array(found) < 0.05).sum() for null, found in p.items()}
    assert binom.ppf(0.001, 300, 0.05) <= rejected["feasible"] <= binom.ppf(0.999, 300, 0.05)
    assert kstest(p["feasible"], "uniform").pvalue > 0.001
    assert rejected["naive"] > 250


def test_every_place_of_a_box_on_whole_pixels_has_the_same_share_of_0_to_1():
    low = np.repeat(np.arange(4.0), 500)  # 4 places for 7 of 10 px
    u = feasible_place(low, low + 7, np.full(2000, 10.0), np.random.default_rng(0))
    for place in range(4):
        inside = u[low == place]
        assert place / 4 <= inside.min() < place / 4 + 0.01
        assert (place + 1) / 4 - 0.01 < inside.max() <= (place + 1) / 4
    assert np.isnan(feasible_place(np.zeros(1), np.ones(1), np.ones(1), np.random.default_rng(0)))


def test_the_middle_is_found():
    rng = np.random.default_rng(1)
    placed = uniform(rng, 40)
    placed[:, :2] = ([100, 80] - placed[:, 2:]) // 2 + rng.integers(-3, 4, (40, 2))
    bias = box_statistics(boxes(placed), seed=0)
    for axis in "xy":
        found = row(bias, f"centre_{axis}", "feasible")
        assert found["p_value"] < 1e-4
        assert found["effect_low"] <= found["effect"] <= found["effect_high"]
        assert 0.15 < found["effect"] < 0.25  # .25 = all exactly in the middle
        assert found["mean"] == pytest.approx(0.5, abs=0.05)


def test_numbers_are_those_of_a_plain_loop():
    rng = np.random.default_rng(2)
    placed = [(x + 0.3, y + 0.4, w, h) for x, y, w, h in uniform(rng, 50)]  # not on pixels: nothing is randomised
    bias = box_statistics(boxes(placed), seed=0)
    naive = [(x + w / 2) / 100 for x, _, w, _ in placed]
    feasible = [min(1, ((y + h / 2) / 80 - h / 80 / 2) / (1 - h / 80)) for _, y, _, h in placed if h < 80]
    heights = [h / 80 for *_, h in placed]
    for quantity, null, values in (
        ("centre_x", "naive", naive), ("centre_y", "feasible", feasible), ("height", "naive", heights),
    ):  # fmt: skip
        found = row(bias, quantity, null)
        expected = kstest(values, "uniform")
        assert found["n"] == len(values)
        assert found["mean"] == pytest.approx(np.mean(values))
        assert found["statistic"] == pytest.approx(expected.statistic)
        assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-6)


def test_q_values_are_corrected_over_categories():
    rng = np.random.default_rng(3)
    many = pl.concat([boxes(uniform(rng, 30), category=f"c{k}") for k in range(8)])
    bias = box_statistics(many, seed=0).filter(
        pl.col("category") != ALL, pl.col("quantity") == "centre_x", pl.col("null") == "naive"
    )
    p = np.sort(bias["p_value"].to_numpy())
    by_hand = [min(p[j] * 8 / (j + 1) for j in range(k, 8)) for k in range(8)]
    np.testing.assert_allclose(np.sort(bias["q_value"].to_numpy()), np.minimum(by_hand, 1))


@pytest.mark.parametrize(
    ("placed", "words"),
    [
        ([(1, 2, 30, 30)], "1 boxes, fewer than 20"),
        ([(0, 0, 100, 80)] * 25, "25 of 25 boxes are as large as the picture"),
        ([(0, 0, 100, 80)] * 15 + [(3, 4, 20, 20)] * 10, "15 of 25 boxes"),
    ],
)
def test_what_cannot_be_tested_has_a_reason_and_no_nan(placed, words):
    bias = box_statistics(boxes(placed), seed=0)
    assert bias.schema == BIAS
    found = row(bias, "centre_x", "feasible", "c")
    assert found["p_value"] is None
    assert words in found["reason"]
    assert not any(bias[name].is_nan().any() for name in bias.columns if bias[name].dtype == pl.Float64)
    assert verdict_sentence(bias)


def test_identical_boxes_have_an_answer():
    bias = box_statistics(boxes([(30, 20, 40, 40)] * 30), seed=0)
    assert row(bias, "centre_x", "naive")["p_value"] < 1e-6
    assert row(bias, "centre_x", "naive")["sd"] == 0


def test_no_boxes_are_an_empty_answer():
    bias = box_statistics(boxes([]), seed=0)
    assert set(bias["category"]) == {ALL}
    assert bias["p_value"].null_count() == len(bias)
    assert verdict_sentence(bias) == "No category has enough boxes to be tested."


def test_crowds_are_left_out():
    table = boxes(uniform(np.random.default_rng(4), 30))
    crowd = table.with_columns(is_crowd=pl.lit(True))
    assert box_statistics(pl.concat([table, crowd]), seed=0).equals(box_statistics(table, seed=0))


def test_the_verdict_counts_categories():
    rng = np.random.default_rng(5)
    centred = [(30, 20, 40, 40)] * 30
    both = pl.concat([boxes(centred, category="a"), boxes(uniform(rng, 200), category="b")])
    found = {(v.quantity, v.null): (v.rejected, v.tested) for v in verdicts(box_statistics(both, seed=0))}
    assert found["centre", "feasible"] == (1, 2)
    assert found["centre", "naive"] == (2, 2)


@pytest.mark.real
def test_raccoons_are_centred_as_their_first_check_said():
    folder = os.environ.get("SHIFTSCOPE_REAL_DATA")
    if not folder:
        pytest.skip("SHIFTSCOPE_REAL_DATA is not set")
    rows = []
    for path in sorted((Path(folder) / "voc-raccoon" / "annotations").glob("*.xml")):
        root = ET.parse(path).getroot()
        size = [int(root.findtext(f"size/{side}")) for side in ("width", "height")]
        for found in root.iter("object"):
            corners = [float(found.findtext(f"bndbox/{corner}")) for corner in ("xmin", "ymin", "xmax", "ymax")]
            names = ("x_min", "y_min", "x_max", "y_max")
            rows.append({"image_id": path.stem, "category": "raccoon", **dict(zip(names, corners, strict=True)),
                         "image_width": size[0], "image_height": size[1], "is_crowd": False})  # fmt: skip
    assert len(rows) == 217
    bias = box_statistics(tables.table(rows, tables.BOXES), seed=0)
    # The README of that data: naive 1e-14 and 2e-23, feasible .005 and .07, to one digit and without randomising.
    assert -15 < np.log10(row(bias, "centre_x", "naive")["p_value"]) < -13
    assert -24 < np.log10(row(bias, "centre_y", "naive")["p_value"]) < -21
    assert 0.001 < row(bias, "centre_x", "feasible")["p_value"] < 0.02
    assert 0.02 < row(bias, "centre_y", "feasible")["p_value"] < 0.2
