"""Box statistics: calibrated where the truth is known, and against a plain loop."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import binom, kstest

from shiftscope.bias import BIAS, chance, rectangles
from shiftscope.bias.boxes import ALL, box_statistics, brief_statistics, verdicts
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables


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


@pytest.mark.parametrize("places", [2, 3, 20])
def test_of_boxes_with_little_room_no_number_depends_on_the_seed(places):
    """Where every picture has one box; intervals are those of resamples. Of several boxes, p is one of random signs."""
    rng = np.random.default_rng(places)
    low = rng.integers(0, places, (100, 2))
    table = boxes(np.concatenate([low, np.broadcast_to([101 - places, 81 - places], (100, 2))], 1))
    feasible = [box_statistics(table, seed=seed).filter(pl.col("null") == "feasible") for seed in range(20)]
    numbers = [name for name in BIAS if not name.endswith(("_low", "_high"))]
    for other in feasible[1:]:
        assert other.select(numbers).equals(feasible[0].select(numbers))
    several = table.with_columns(image_id=(pl.int_range(pl.len()) // 3).cast(pl.String))
    p = np.array([row(box_statistics(several, seed=seed), "centre_x", "feasible")["p_value"] for seed in range(20)])
    assert p.max() < 1.25 * p.min() + 4 * 2 * np.sqrt(p.mean() / 999)


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
        ([(0, 0, 100, 80)], "0 boxes, fewer than 20"),
    ],
)
def test_what_cannot_be_tested_has_a_reason_and_no_nan(placed, words):
    bias = box_statistics(boxes(placed), seed=0)
    assert bias.schema == BIAS
    found = row(bias, "centre_x", "feasible", "c")
    assert found["p_value"] is None
    assert words in found["reason"]
    assert not any(bias[name].is_nan().any() for name in bias.columns if bias[name].dtype == pl.Float64)


def test_identical_boxes_have_an_answer():
    bias = box_statistics(boxes([(30, 20, 40, 40)] * 30), seed=0)
    assert row(bias, "centre_x", "naive")["p_value"] < 1e-6
    assert row(bias, "centre_x", "naive")["sd"] == 0


def test_no_boxes_are_an_empty_answer():
    bias = box_statistics(boxes([]), seed=0)
    assert set(bias["category"]) == {ALL}
    assert bias["p_value"].null_count() == len(bias)
    assert verdicts(bias) == []


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


def in_pictures(rng, pictures, most=6, width=100, height=80):
    """Whole-pixel boxes of one size a picture, at the same uniform place but for a pixel: correlated, and feasible-uniform."""
    rows = []
    for k in range(pictures):
        (w, h), n = (rng.integers(25, 60), rng.integers(20, 50)), rng.integers(1, most + 1)
        x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
        rows += [{"image_id": f"p{k}", "category": "c", "x_min": float(x), "y_min": float(y), "x_max": float(x + w), "y_max": float(y + h),
                  "image_width": width, "image_height": height, "is_crowd": False}] * n  # fmt: skip
    return tables.table(rows, tables.BOXES)


def test_several_boxes_of_a_picture_count_as_one_picture_does():
    rng = np.random.default_rng(6)
    rejected = {"p_value": 0, "p_value_boxes": 0}
    for run in range(60):
        bias = box_statistics(in_pictures(rng, 60), seed=run)
        for quantity in ("centre_x", "centre_y", "centre"):
            found = row(bias, quantity, "feasible")
            assert found["n_images"] == 60 < found["n"]
            for name in rejected:
                rejected[name] += found[name] < 0.05
    assert rejected["p_value"] <= binom.ppf(0.9995, 180, 0.05)
    assert rejected["p_value_boxes"] > 50


def test_the_same_boxes_twice_in_their_pictures_say_no_more_than_once():
    rng = np.random.default_rng(7)
    placed = uniform(rng, 80)
    placed[:, 0] = placed[:, 0] // 2  # a weak habit
    once = boxes(placed)
    twice = box_statistics(pl.concat([once, once]), seed=0)
    once = box_statistics(once, seed=0)
    for quantity, null in (("centre_x", "naive"), ("height", "naive")):
        a, b = row(once, quantity, null), row(twice, quantity, null)
        assert b["n"] == 2 * a["n"]
        assert b["p_value_boxes"] < a["p_value_boxes"]
        assert b["effect"] == pytest.approx(a["effect"], abs=1e-9)
        assert (b["effect_low"], b["effect_high"]) == pytest.approx((a["effect_low"], a["effect_high"]), abs=1e-6)
        assert b["bits"] == pytest.approx(a["bits"], abs=1e-6)


def test_pictures_with_one_box_are_tested_alike_with_either_unit():
    bias = box_statistics(boxes(uniform(np.random.default_rng(8), 70)), seed=0).filter(pl.col("p_value").is_not_null())
    assert len(bias) == 16
    assert bias["p_value"].equals(bias["p_value_boxes"])


def test_area_and_aspect_are_described_and_say_why_not_tested():
    placed = [(1, 2, 20, 40), (3, 3, 50, 10)]
    bias = box_statistics(boxes(placed), seed=0)
    area, aspect = row(bias, "area", "none"), row(bias, "aspect", "none")
    assert (area["mean"], aspect["mean"]) == pytest.approx((np.mean([800, 500]) / 8000, np.mean([0.5, 5])))
    assert (area["sd"], area["n"], area["n_images"]) == (pytest.approx(np.std([800, 500], ddof=1) / 8000), 2, 2)
    assert area["p_value"] is None
    assert "no uniform null" in area["reason"]


def test_holm_and_benjamini_hochberg_count_categories_and_not_the_whole():
    rng = np.random.default_rng(9)
    many = pl.concat([boxes(uniform(rng, 30), category=f"c{k}") for k in range(5)])
    bias = box_statistics(many, seed=0)
    whole = bias.filter(pl.col("category") == ALL, pl.col("p_value").is_not_null())
    assert whole["p_value"].equals(whole["p_holm"].alias("p_value"))
    own = bias.filter(pl.col("category") != ALL, pl.col("quantity") == "centre", pl.col("null") == "naive").sort("p_value")
    by_hand = np.minimum(1, np.maximum.accumulate(own["p_value"].to_numpy() * (5 - np.arange(5))))
    np.testing.assert_allclose(own["p_holm"].to_numpy(), by_hand)


def test_a_scan_of_a_file_and_another_order_of_rows_have_the_same_answer(tmp_path):
    rng = np.random.default_rng(10)
    table = pl.concat([boxes(uniform(rng, 40), category=name) for name in "ba"])
    expected = box_statistics(table, seed=3)
    tables.write(tmp_path / "boxes.parquet", table, tables.BOXES)
    assert box_statistics(pl.scan_parquet(tmp_path / "boxes.parquet"), seed=3).equals(expected)
    shuffled = box_statistics(table.sample(fraction=1, shuffle=True, seed=1), seed=3)
    for name in ("n", "statistic", "effect", "p_value_boxes"):
        np.testing.assert_allclose(shuffled[name], expected[name], rtol=1e-9)


def test_a_category_does_not_depend_on_the_others():
    rng = np.random.default_rng(11)
    a, b = (boxes(uniform(rng, 300), category=name).with_columns(pl.col("x_min", "x_max") + 0.25) for name in "ab")
    alone, among = box_statistics(a, seed=0), box_statistics(pl.concat([b, a]), seed=0)
    for quantity in ("centre_x", "centre"):
        left, right = (row(table, quantity, "naive", "a") for table in (alone, among))
        assert left["p_value"] is not None
        assert {**left, "q_value": None, "p_holm": None} == {**right, "q_value": None, "p_holm": None}


def test_boxes_without_a_category_count_in_the_whole_alone():
    rng = np.random.default_rng(12)
    table = boxes(uniform(rng, 50)).with_columns(category=pl.when(pl.int_range(pl.len()) < 25).then(pl.lit("c")))
    bias = box_statistics(table, seed=0)
    assert set(bias["category"]) == {ALL, "c"}
    assert (row(bias, "area", "none")["n"], row(bias, "area", "none", "c")["n"]) == (50, 25)


def test_boxes_in_too_few_pictures_are_not_tested():
    table = boxes(uniform(np.random.default_rng(13), 60)).with_columns(image_id=pl.lit("the same"))
    found = row(box_statistics(table, seed=0), "centre_x", "naive")
    assert found["reason"] == "60 boxes in 1 pictures, fewer than 20"
    assert (found["p_value"], found["effect_low"], found["bits"]) == (None, None, None)
    assert found["effect"] is not None


def test_without_boxes_at_the_edge_uniform_placing_is_still_uniform():
    rng = np.random.default_rng(14)
    p = []
    for run in range(60):
        placed = uniform(rng, 150)
        placed[:, 2:] = np.minimum(placed[:, 2:], 60)
        low = rng.integers(0, [100, 80] - placed[:, 2:] + 1)
        low = np.where(rng.random((150, 2)) < 0.15, 0, low)  # cut off by the frame
        bias = box_statistics(boxes(np.concatenate([low, placed[:, 2:]], 1)), seed=run, inclusion=Inclusion(edge=False))
        p += [row(bias, f"centre_{axis}", "feasible")["p_value"] for axis in "xy"]
    assert binom.ppf(0.0005, 120, 0.05) <= (np.array(p) < 0.05).sum() <= binom.ppf(0.9995, 120, 0.05)
    piled = box_statistics(boxes(np.concatenate([low, placed[:, 2:]], 1)), seed=0)
    assert row(piled, "centre_x", "feasible")["p_value"] < 0.05


def voc(folder):
    """Boxes of VOC files by xml.etree, corners as they are written."""
    rows = []
    for path in sorted(folder.glob("*.xml")):
        root = ET.parse(path).getroot()
        size = [int(root.findtext(f"size/{side}")) for side in ("width", "height")]
        for found in root.iter("object"):
            corners = [float(found.findtext(f"bndbox/{corner}")) for corner in ("xmin", "ymin", "xmax", "ymax")]
            names = ("x_min", "y_min", "x_max", "y_max")
            rows.append({"image_id": path.stem, "category": found.findtext("name"), **dict(zip(names, corners, strict=True)),
                         "image_width": size[0], "image_height": size[1], "is_crowd": False})  # fmt: skip
    return tables.table(rows, tables.BOXES)


def by_scipy(table, axis, null):
    low, high = table[f"{axis}_min"].to_numpy(), table[f"{axis}_max"].to_numpy()
    side = table["image_width" if axis == "x" else "image_height"].to_numpy()
    if null == "naive":
        return kstest((low + high) / 2 / side, "uniform").pvalue
    room = side - (high - low)
    return kstest(
        ((low + 0.5) / (room + 1))[room > 0], "uniform"
    ).pvalue  # the middle of its cell, where ours is drawn in it


@pytest.fixture
def real():
    folder = os.environ.get("SHIFTSCOPE_REAL_DATA")
    if not folder:
        pytest.skip("SHIFTSCOPE_REAL_DATA is not set")
    return Path(folder)


@pytest.mark.real
def test_raccoons_are_centred_as_scipy_says(real):
    table = voc(real / "voc-raccoon" / "annotations")
    assert len(table) == 217
    bias = box_statistics(table, seed=0)
    for axis, about in (("x", 1e-14), ("y", 2e-23)):
        found, expected = row(bias, f"centre_{axis}", "naive"), by_scipy(table, axis, "naive")
        assert found["p_value_boxes"] == pytest.approx(expected, rel=1e-6)
        assert abs(np.log10(expected) - np.log10(about)) < 1
        assert found["p_value"] < 1e-9
    for axis, about in (("x", 0.005), ("y", 0.07)):
        found, expected = row(bias, f"centre_{axis}", "feasible"), by_scipy(table, axis, "feasible")
        assert about / 3 < expected < about * 3
        assert expected / 3 < found["p_value_boxes"] < expected * 3
        assert expected / 4 < found["p_value"] < expected * 4


@pytest.mark.real
def test_platelets_are_where_they_are(real):
    folder = real / "voc-bccd"
    table = voc(next(path.parent for path in folder.rglob("*.xml")))
    platelets = table.filter(pl.col("category") == "Platelets")
    assert len(table) == 4888
    bias = box_statistics(table, seed=0)
    for null, about in (("naive", (0.25, 0.75)), ("feasible", (0.12, 0.14))):
        for axis, value in zip("xy", about, strict=True):
            found, expected = row(bias, f"centre_{axis}", null, "Platelets"), by_scipy(platelets, axis, null)
            assert expected == pytest.approx(value, abs=0.02)
            assert found["p_value_boxes"] == pytest.approx(expected, abs=1e-6 if null == "naive" else 0.1)
            assert found["p_value"] > 0.05
            assert found["n_images"] < found["n"]


@pytest.mark.parametrize("inclusion", [Inclusion(), Inclusion(edge=False)])
def test_brief_statistics_are_the_same_numbers_and_no_others(inclusion):
    """Categories with one and with several boxes to a picture, on whole pixels and off them, too few, and without room."""
    rng = np.random.default_rng(0)
    several = boxes(uniform(rng, 90), "several").with_columns(image_id=(pl.int_range(pl.len()) // 3).cast(pl.String))
    off = boxes(uniform(rng, 40) + np.array([0.3, 0.3, -1, -1]), "off")
    full = boxes(np.tile([0, 0, 100, 80], (30, 1)), "full")
    table = pl.concat([boxes(uniform(rng, 50), "single"), several, off, boxes(uniform(rng, 9), "few"), full])
    settings = {"seed": 3, "minimum_n": 20, "level": 0.9, "inclusion": inclusion}
    brief, whole = brief_statistics(table, **settings), box_statistics(table, **settings).filter(pl.col("null") != "none")
    assert_frame_equal(brief.select(ALWAYS), whole.select(ALWAYS))
    together, each, alone = pl.col("category") == ALL, pl.col("category") != ALL, pl.col("n") == pl.col("n_images")
    for rows, computed in ((together, EFFECTS), (each, CORRECTED), (each & alone, (*CORRECTED, *UNCORRECTED))):
        here, there = (found.filter(rows).select(computed) for found in (brief, whole))
        assert_frame_equal(here, there, check_exact=True)
        assert not here.select(pl.all().is_null().all()).row(0)[0]
    for rows, left_out in ((together, (*CORRECTED, *UNCORRECTED)), (each, EFFECTS), (each & ~alone, UNCORRECTED)):
        assert brief.filter(rows).select(pl.col(left_out).is_null().all()).row(0) == (True,) * len(left_out)
        assert whole.filter(rows).select(pl.col(left_out).is_null().all()).row(0) == (False,) * len(left_out)


def test_the_numbers_do_not_depend_on_how_many_boxes_are_looked_at_at_a_time(monkeypatch):
    """Of whole pixels in one part, and off them in another one."""
    rng = np.random.default_rng(0)
    table = pl.concat([boxes(uniform(rng, 60), "a"), boxes(uniform(rng, 60) + np.array([0.3, 0.3, -1, -1]), "b")])
    whole = box_statistics(table, seed=0)
    for module in (rectangles, chance):
        monkeypatch.setattr(module, "AT_ONCE", 50)
    assert_frame_equal(box_statistics(table, seed=0), whole, check_exact=True)


ALWAYS = ("category", "quantity", "null", "n", "n_images", "reason")
EFFECTS = ("effect", "effect_low", "effect_high", "bits", "bits_low", "bits_high", "mean", "sd")
CORRECTED = ("p_value", "q_value", "p_holm")
UNCORRECTED = ("statistic", "p_value_boxes")
