"""The embedded data sets, whose framing is known: the habit is found where there is one, and none where there is none."""

import polars as pl
import pytest

from shiftscope.bias.boxes import box_statistics, verdicts
from shiftscope.core import tables
from shiftscope.sources.digits import scene


def framed(framing, count=400):
    rows = []
    for number in range(count):
        made = scene(0, framing, "test", number)
        x, y, width, height = made.box
        rows.append(
            {
                "image_id": str(number), "category": str(made.digit), "x_min": x, "y_min": y, "x_max": x + width,
                "y_max": y + height, "image_width": 72, "image_height": 72, "is_crowd": False,
            }
        )  # fmt: skip
    return tables.table(rows, tables.BOXES)


@pytest.mark.parametrize(("framing", "rejected"), [("centred", 10), ("uniform", 0)])
def test_the_habit_is_found_where_there_is_one(framing, rejected):
    bias = box_statistics(framed(framing), seed=0)
    found = {(verdict.quantity, verdict.null): verdict for verdict in verdicts(bias)}
    assert found["centre", "feasible"].tested == 10
    assert found["centre", "feasible"].rejected == rejected
    effects = bias.filter(pl.col("null") == "feasible")["effect"].drop_nulls()
    assert (effects.min() > 0.15) if rejected else (effects.max() < 0.15)
    joint = bias.filter(pl.col("null") == "feasible", pl.col("quantity") == "centre", pl.col("category") == "(all)")
    assert (joint["bits"][0] > 1) if rejected else (joint["bits"][0] < 0.1)
