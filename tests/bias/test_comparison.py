"""Two data sets: alike where they are, apart where they are not, and the picture is the unit."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, ks_2samp, wasserstein_distance

from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.bias.boxes import ALL
from shiftscope.bias.comparison import _two_sample, compare_framing
from shiftscope.core import tables
from shiftscope.statistics import binned
from shiftscope.statistics.uniformity import multipliers, sign_flip_p


def boxes(rng, pictures, most=1, shape=2.0, category="c"):
    """Up to `most` boxes per picture, nearly at one place, of a size of their own; places like Beta(shape, shape)."""
    n = rng.integers(1, most + 1, pictures)
    picture = np.repeat(np.arange(pictures), n)
    size = rng.uniform(0.2, 0.5, (pictures, 2))[picture]
    low = (rng.beta(shape, shape, (pictures, 2))[picture]) * (1 - size)
    return pl.DataFrame(
        {"image_id": [str(k) for k in picture], "category": category, "x_min": 100 * low[:, 0], "y_min": 80 * low[:, 1],
         "x_max": 100 * (low + size)[:, 0], "y_max": 80 * (low + size)[:, 1], "image_width": 100, "image_height": 80, "is_crowd": False}
    )  # fmt: skip


def row(table, quantity, null="naive", category=ALL):
    found = table.filter(pl.col("category") == category, pl.col("quantity") == quantity, pl.col("null") == null)
    assert len(found) == 1
    return found.row(0, named=True)


@pytest.mark.parametrize("sizes", [(40, 40), (30, 150)])
def test_data_sets_framed_alike_differ_at_the_nominal_rate_by_pictures_and_far_more_often_by_boxes(sizes):
    rng = np.random.default_rng(0)
    rejected, runs = {"p_value": np.zeros(3), "p_value_boxes": np.zeros(3)}, 60
    for run in range(runs):
        found = compare_framing(boxes(rng, sizes[0], 8), boxes(rng, sizes[1], 8), seed=run)
        for name, so_far in rejected.items():
            so_far += [
                row(found, quantity, "feasible" if quantity != "width" else "naive")[name] < 0.05
                for quantity in ("centre_x", "centre", "width")
            ]
    assert rejected["p_value"].sum() <= binom.ppf(0.9995, 3 * runs, 0.06)
    assert (rejected["p_value_boxes"] > 0.25 * runs).all()


def test_a_habit_that_one_has_is_found_with_its_size():
    rng = np.random.default_rng(1)
    a, b = boxes(rng, 200, 3, shape=1), boxes(rng, 200, 3, shape=8)
    found = compare_framing(a, b, seed=0)
    assert found.schema == FRAMING_COMPARISON
    for quantity in ("centre_x", "centre_y", "centre"):
        assert row(found, quantity, "feasible")["p_value"] < 1e-3
    assert row(found, "width")["p_value"] > 0.001
    assert row(found, "area")["effect_low"] == 0  # not to be told from none
    place = row(found, "centre_x", "feasible")
    assert 0 < place["effect_low"] < place["effect"] < place["effect_high"]
    assert (place["n_images_a"], place["n_b"]) == (200, len(b))


def test_numbers_are_scipys():
    rng = np.random.default_rng(2)
    a, b = boxes(rng, 90), boxes(rng, 60, shape=3)
    found = row(compare_framing(a, b, seed=0), "centre_x")
    x, y = (((t["x_min"] + t["x_max"]) / 200).to_numpy() for t in (a, b))
    expected = ks_2samp(x, y, method="asymp")
    assert (found["statistic"], found["p_value"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert found["effect"] == pytest.approx(wasserstein_distance(x, y))
    assert found["difference"] == pytest.approx(x.mean() - y.mean())
    area = [((t["x_max"] - t["x_min"]) * (t["y_max"] - t["y_min"]) / 8000).to_numpy() for t in (a, b)]
    assert row(compare_framing(a, b, seed=0), "area")["effect"] == pytest.approx(wasserstein_distance(*area))


def test_boxes_with_two_places_and_boxes_with_three_are_alike_where_all_places_are_taken_as_often():
    """Taken at the middle of its place or anywhere within it, one sample would be apart from the other."""
    rows = [
        {"image_id": f"{name}{k}", "category": "c", "x_min": float(k % m), "x_max": 81.0 - m + k % m, "y_min": 3.0, "y_max": 9.0,
         "image_width": 80, "image_height": 80, "is_crowd": False}
        for name, m in (("a", 2), ("b", 3)) for k in range(60)
    ]  # fmt: skip
    a, b = (tables.table([row for row in rows if row["image_id"].startswith(name)], tables.BOXES) for name in "ab")
    found = [row(compare_framing(a, b, seed=seed), "centre_x", "feasible") for seed in range(3)]
    for each in found:
        assert (each["statistic"], each["effect"], each["difference"]) == pytest.approx((0, 0, 0), abs=1e-12)
        assert each["p_value"] > 0.99


@pytest.mark.parametrize("kind", ["three places", "near the middle"])
def test_boxes_on_the_same_few_places_differ_at_the_nominal_rate(kind):
    """The test of points would reject hardly ever: .01 at .05."""
    rng = np.random.default_rng(4)

    def drawn(pictures):
        m = 3 if kind == "three places" else 41
        place = rng.integers(3, size=pictures) if m == 3 else np.clip(rng.normal(20, 1.5, pictures).round(), 0, 40)
        rows = [
            {"image_id": str(k), "category": "c", "x_min": float(x), "x_max": 101.0 - m + x, "y_min": 3.0, "y_max": 9.0,
             "image_width": 100, "image_height": 80, "is_crowd": False}
            for k, x in enumerate(place)
        ]  # fmt: skip
        return tables.table(rows, tables.BOXES)

    runs = 200
    found = [
        row(compare_framing(drawn(40), drawn(100), seed=run), "centre_x", "feasible")["p_value"] for run in range(runs)
    ]
    for level in (0.05, 0.2):
        few, many = binom.ppf([0.0005, 0.9995], runs, level)
        assert few <= (np.array(found) <= level).sum() <= many


def test_what_cannot_be_compared_has_a_reason_and_no_nan():
    rng = np.random.default_rng(3)
    a, b = pl.concat([boxes(rng, 30), boxes(rng, 3, category="few")]), boxes(rng, 30)
    found = compare_framing(a, b, seed=0)
    assert row(found, "width", category="few")["reason"] == "a: 3 boxes, fewer than 20; b: 0 boxes, fewer than 20"
    assert row(found, "width", category="c")["reason"] is None
    for one, other in ((a, tables.BOXES.to_frame()), (tables.BOXES.to_frame(), tables.BOXES.to_frame())):
        none = compare_framing(one, other, seed=0)
        assert none["p_value"].null_count() == len(none)
        assert none["reason"].null_count() == 0
    same = pl.concat([boxes(rng, 1)] * 40).with_columns(image_id=pl.int_range(40).cast(pl.String))
    twice = compare_framing(same, same, seed=0)
    assert row(twice, "width")["p_value"] == pytest.approx(1)
    for table in (found, twice):
        assert not any(table[name].is_nan().any() for name in table.columns if table[name].dtype == pl.Float64)


@pytest.mark.parametrize(("plane", "cells"), [(False, 32), (True, 64)])
@pytest.mark.parametrize("units", [(40, 25), (1, 256)])
def test_signs_of_two_samples_are_those_of_all_their_pictures_in_one_sample(units, plane, cells):
    """As one sample with twice the cells, one half for each of the two; with the same signs."""
    rng = np.random.default_rng(units[0])
    a, b = (rng.poisson(rng.uniform(0, 2, cells), (n, cells)).astype(float) for n in units)
    shares = (a.sum(0) + b.sum(0)) / (a.sum() + b.sum())

    def apart(counts):
        mine = [
            (part - part.sum(-1, keepdims=True) * shares) / n
            for part, n in ((counts[..., :cells].astype(float), a.sum()), (counts[..., cells:].astype(float), b.sum()))
        ]
        difference = mine[0] - mine[1]
        return binned.quadrants(binned.corners(difference)) if plane else np.cumsum(difference, -1)

    both = np.concatenate([np.hstack([a, np.zeros_like(a)]), np.hstack([np.zeros_like(b), b])])
    p_value, distance = _two_sample(a, b, multipliers(0).signs, plane=plane)
    assert p_value == pytest.approx(sign_flip_p(both, multipliers(0).signs, apart), rel=1e-5)
    assert distance == pytest.approx(np.abs(apart(both.sum(0))).max())
