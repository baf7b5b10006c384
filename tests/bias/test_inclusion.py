"""What is kept decides what is found, and the table says by how much."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from shiftscope.bias import INCLUSION
from shiftscope.bias.boxes import box_statistics
from shiftscope.bias.inclusion import sensitivity_to_inclusion
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables


@pytest.fixture
def boxes():
    """Two categories of uniformly placed boxes; of each, as many more are in one corner and marked difficult."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(160):
        w, h = rng.integers(20, 60, 2)
        difficult = k % 2 == 1
        x, y = (3, 3) if difficult else (rng.integers(0, 100 - w + 1), rng.integers(0, 100 - h + 1))
        rows.append({"image_id": str(k), "category": "ab"[k % 4 // 2], "x_min": float(x), "y_min": float(y), "x_max": float(x + w),
                     "y_max": float(y + h), "image_width": 100, "image_height": 100, "is_difficult": difficult})  # fmt: skip
    return tables.table(rows, tables.BOXES)


def test_the_choice_that_matters_is_seen_and_those_that_do_not_say_so(boxes):
    found = sensitivity_to_inclusion(boxes, seed=0)
    assert found.schema == INCLUSION
    place = found.filter(pl.col("quantity") == "centre_x", pl.col("null") == "feasible")
    by = {row["criterion"]: row for row in place.rows(named=True)}
    assert list(by) == ["as chosen", "crowd", "difficult", "truncated", "edge"]
    assert (by["as chosen"]["rejected"], by["as chosen"]["tested"]) == (2, 2)
    assert (by["difficult"]["rejected"], by["difficult"]["kept"], by["difficult"]["concerned"]) == (0, False, 80)
    assert by["difficult"]["effect"] < by["as chosen"]["effect"] / 2
    assert by["crowd"]["reason"] == "no box is marked as crowd"
    assert by["crowd"]["kept"] is True
    assert by["crowd"]["effect"] == by["as chosen"]["effect"]
    assert by["edge"]["n"] == 160 - by["edge"]["concerned"]
    alone = box_statistics(boxes, seed=0, inclusion=Inclusion(difficult=False)).row(
        by_predicate=(pl.col("category") == "(all)") & (pl.col("quantity") == "centre_x") & (pl.col("null") == "feasible"),
        named=True,
    )
    assert by["difficult"]["effect"] == alone["effect"]
    assert not any(found[name].is_nan().any() for name in found.columns if found[name].dtype == pl.Float64)


def test_what_is_known_already_is_not_asked_again(boxes):
    """Here the table of other boxes is passed off as that of the boxes that count, and is believed."""
    found = sensitivity_to_inclusion(boxes, seed=0)
    known = sensitivity_to_inclusion(boxes, seed=0, chosen=box_statistics(boxes, seed=0))
    assert_frame_equal(known, found, check_exact=True)
    few = sensitivity_to_inclusion(boxes, seed=0, chosen=box_statistics(boxes.head(60), seed=0))
    asked = pl.col("criterion").is_in(["difficult", "edge"])
    assert_frame_equal(few.filter(asked), found.filter(asked), check_exact=True)
    assert set(few.filter(~asked)["n"]) == {60}


@pytest.mark.parametrize("kind", ["crowd", "difficult", "truncated"])
def test_marked_boxes_are_left_out_or_kept(boxes, kind):
    marked = boxes.with_columns(
        **{f"is_{kind}": pl.int_range(pl.len()) < 60, **({} if kind == "difficult" else {"is_difficult": False})}
    )
    for keep in (True, False):
        bias = box_statistics(marked, seed=0, inclusion=Inclusion(**{kind: keep}))
        assert bias.filter(pl.col("category") == "(all)", pl.col("quantity") == "area")["n"][0] == (160 if keep else 100)
    unknown = marked.with_columns(**{f"is_{kind}": None})
    assert box_statistics(unknown, seed=0, inclusion=Inclusion(**{kind: False}))["n"].max() == 160


def test_boxes_at_any_edge_are_left_out(boxes):
    four = boxes.head(5).with_columns(
        x_min=pl.Series([0.0, 9, 9, 9, 9]), y_min=pl.Series([9.0, 0.5, 9, 9, 9]), x_max=pl.Series([20.0, 20, 99.5, 20, 20]), y_max=pl.Series([20.0, 20, 20, 100, 99])
    )  # fmt: skip
    bias = box_statistics(four, seed=0, inclusion=Inclusion(edge=False))
    assert bias.filter(pl.col("category") == "(all)")["n"].max() == 1


def test_no_boxes_have_an_answer():
    found = sensitivity_to_inclusion(tables.BOXES.to_frame(), seed=0)
    assert set(found["tested"]) == {0}
    assert found["reason"].null_count() == 0


FILLS = {"neither": (20, 30), "width": (100, 30), "height": (20, 100), "both": (100, 100)}


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(FILLS)), st.integers(1, 25)), min_size=1, max_size=3))
def test_no_more_categories_are_rejected_than_tested_nor_tested_than_there_are(categories):
    """Boxes that fill the picture along an axis leave nothing to ask there: some categories have one axis alone."""
    rows = [
        {"image_id": f"{name} {fills} {k}", "category": str(name), "x_min": 0.0, "y_min": 0.0, "x_max": float(FILLS[fills][0]),
         "y_max": float(FILLS[fills][1]), "image_width": 100, "image_height": 100}
        for name, own in enumerate(categories) for fills, n in own.items() for k in range(n)
    ]  # fmt: skip
    boxes = tables.table(rows, tables.BOXES)
    found = sensitivity_to_inclusion(boxes, seed=0)
    assert found["rejected"].is_between(0, found["tested"]).all()
    chosen = {key: rest for key, *rest in found.filter(criterion="as chosen").select(
        pl.concat_str("quantity", "null", separator=" "), "rejected", "tested").iter_rows()}  # fmt: skip
    for axis, fills in (("x", "width"), ("y", "height")):
        enough = sum(sum(own.values()) - own.get(fills, 0) - own.get("both", 0) >= 20 for own in categories)
        assert chosen[f"centre_{axis} feasible"][1] == enough
        assert enough <= chosen["centre feasible"][1] <= len(categories)
    assert chosen["width naive"][1] == sum(sum(own.values()) >= 20 for own in categories)
