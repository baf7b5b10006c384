"""Pictures framed unlike others, and classes apart, against plain loops."""

import math

import numpy as np
import polars as pl
import pytest

from shiftscope.association import ACCURACY_BY_SURPRISAL
from shiftscope.association.accuracy import accuracy_by_surprisal, accuracy_in_quarters
from shiftscope.association.classes import per_class
from shiftscope.association.correlation import bias_against_sensitivity, relation
from shiftscope.association.surprisal import surprisal
from shiftscope.association.tightness import tightness
from shiftscope.core import tables
from shiftscope.sensitivity.summing import sums as sums_of
from shiftscope.sensitivity.sums import Sums
from shiftscope.stages.describing import describe

from ..jobs import summed


def boxes(places, size=20, side=100):
    """One box of size × size px in each picture, at (x, y)."""
    rows = [
        {"image_id": f"i{k:03}", "category": "c", "x_min": x, "y_min": y, "x_max": x + size, "y_max": y + size,
         "image_width": side, "image_height": side, "is_crowd": False}
        for k, (x, y) in enumerate(places)
    ]  # fmt: skip
    return tables.table(rows, tables.BOXES)


def test_surprise_is_the_log_of_the_cells_share():
    # Of 80 px of room, 8 cells of 10 px; the reference has 30 boxes in the middle cell (4, 4) and 10 in the corner.
    reference = boxes([(45.5, 45.5)] * 30 + [(0.5, 0.5)] * 10)
    found = dict(surprisal(boxes([(44.5, 46.5), (3.5, 3.5), (75.5, 0.5)]), reference, seed=0).rows())
    heights = -math.log2((40 + 0.5) / (40 + 8 * 0.5))  # all are of one height
    cells = 40 + 64 * 0.5
    expected = [-math.log2(count / cells) + heights for count in (30.5, 10.5, 0.5)]
    assert [found[f"i00{k}"] for k in range(3)] == pytest.approx(expected)


def test_the_largest_box_counts_and_crowds_do_not():
    table = boxes([(45.5, 45.5), (45.5, 45.5)])
    small = table.with_columns(pl.lit(0.0).alias("x_min"), pl.lit(1.0).alias("x_max"))
    crowd = boxes([(0.5, 0.5)] * 2, size=60).with_columns(is_crowd=pl.lit(value=True))
    both = pl.concat([small, table, crowd])
    assert surprisal(both, table, seed=0).equals(surprisal(table, table, seed=0))


def sums(right, network="n"):
    names = pl.Series([f"i{k:03}" for k in range(len(right))])
    numerator = np.array(right, float)[:, None]
    return {
        ("p", network): Sums(
            names, [("accuracy", "all")], numerator, np.ones_like(numerator), np.ones_like(numerator, int), ["rows"]
        )
    }


def test_accuracy_in_quarters_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"image_id": [f"i{k:03}" for k in range(40)], "surprisal": rng.permutation(40).astype(float)})
    right = (table["surprisal"] < 13).to_list()
    found = accuracy_in_quarters({"o": table}, sums(right), seed=0, n_resamples=100)
    assert found.schema == ACCURACY_BY_SURPRISAL
    assert found["accuracy"].to_list() == [1, 0.3, 0, 0]
    assert found["n_images"].to_list() == [10] * 4
    assert found["surprisal"].to_list() == [4.5, 14.5, 24.5, 34.5]
    assert found.row(1, named=True)["ci_low"] < 0.3 < found.row(1, named=True)["ci_high"]
    assert accuracy_in_quarters({"o": table.head(3)}, sums(right), seed=0).is_empty()


def test_measures_of_classes_are_those_of_their_pictures():
    right = [1, 0, 1, 1, 0, 0]
    images = tables.table(
        [{"image_id": f"i{k:03}", "category": None if k == 5 else "ab"[k % 2]} for k in range(6)], tables.IMAGES
    )
    found = per_class(sums(right), images)
    assert found.select("category", "measure", "estimate", "n_images").rows() == [
        ("a", "accuracy", 2 / 3, 3),
        ("b", "accuracy", 1 / 2, 2),
    ]


def test_pictures_count_by_their_frames():
    """Two right of four frames and one of one: three of five, not the mean of .5 and 1."""
    sums_of = Sums(
        pl.Series(["i000", "i001"]),
        [("accuracy", "all")],
        np.array([[2.0], [1]]),
        np.array([[4.0], [1]]),
        np.array([[4], [1]]),
        ["rows"],
    )
    images = tables.table([{"image_id": f"i00{k}", "category": "a"} for k in range(2)], tables.IMAGES)
    assert per_class({("p", "n"): sums_of}, images)["estimate"].to_list() == [pytest.approx(3 / 5)]


def test_tightness_is_the_mean_of_both_axes():
    rows = [
        ("a", "centre_x", 0.2, 0.01),
        ("a", "centre_y", 0.1, 0.5),
        ("b", "centre_x", 0.3, None),
        ("b", "height", 0.9, 0.1),
    ]
    table = pl.DataFrame(rows, schema=["category", "quantity", "effect", "p_value"], orient="row")
    assert tightness(table.with_columns(null=pl.lit("feasible"))).rows() == [("a", pytest.approx(0.15))]


@pytest.fixture
def run(tmp_path):
    """Files of predictions of two networks on forty pictures, their boxes, and a table of images in five categories."""
    rng = np.random.default_rng(0)
    names = [f"i{k:03}" for k in range(40)]
    steps = pl.DataFrame(
        {
            "image_id": np.repeat(names, 3),
            "step": np.tile(range(3), 40),
            "value": np.tile([0.0, 1, 2], 40),
            "label": np.repeat(np.arange(40) % 5, 3),
        },
        schema_overrides={"step": pl.Int32, "label": pl.Int32},
    )
    files = {}
    for network in ("a", "b"):
        table = describe(steps, rng.normal(size=(120, 5)).astype(np.float32), np.arange(120))
        files["p", network] = tmp_path / f"{network}.parquet"
        tables.write(files["p", network], table, tables.PREDICTIONS)
    images = tables.table([{"image_id": name, "category": f"c{k % 5}"} for k, name in enumerate(names)], tables.IMAGES)
    return files, boxes(rng.uniform(0, 80, (40, 2))), images


def test_the_table_of_a_run_is_that_of_its_steps_one_by_one(run):
    files, framed, images = run
    others = {"far": boxes([(0.5, 0.5)] * 9), "same": framed}
    cells = {cell: sums_of(tables.read(path, tables.PREDICTIONS)) for cell, path in files.items()}
    sums = {cell: each.sums for cell, each in summed(files).items()}
    surprisals = {name: surprisal(framed, other, seed=3) for name, other in others.items()}
    found = accuracy_by_surprisal(sums, framed, others, seed=3, n_resamples=100)
    assert found.equals(accuracy_in_quarters(surprisals, cells, seed=3, n_resamples=100))
    assert found.height == 2 * 2 * 4
    right = {network: tables.read(path, tables.PREDICTIONS)["label_rank"] == 1 for (_, network), path in files.items()}
    for network, rows in found.filter(other="same").group_by("network"):
        assert rows["accuracy"].mean() == pytest.approx(right[network[0]].mean())
    bias = pl.DataFrame(
        [(f"c{k}", axis, 0.05 * k, 0.01) for k in range(5) for axis in ("centre_x", "centre_y")],
        schema=["category", "quantity", "effect", "p_value"],
        orient="row",
    ).with_columns(null=pl.lit("feasible"))
    related = relation(sums, images, bias, seed=3)
    assert related.equals(bias_against_sensitivity(tightness(bias), per_class(cells, images), seed=3))
    assert related["rho"].null_count() == 0
    # Where neighbouring steps are no neighbours there are no pairs.
    unordered = {cell: each.sums for cell, each in summed(files, ordered=False).items()}
    assert set(relation(unordered, images, bias, seed=3)["measure"]) == {"accuracy"}
