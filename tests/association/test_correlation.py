"""Bias against sensitivity, over categories."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest, spearmanr

from shiftscope.association import CORRELATION
from shiftscope.association.correlation import bias_against_sensitivity, spearman
from shiftscope.bias.boxes import ALL


def tables_of(effect, estimate):
    names = [f"c{k}" for k in range(len(effect))]
    per_class = pl.DataFrame({"category": names, "effect": effect}, schema={"category": pl.String, "effect": pl.Float64})
    moved = pl.DataFrame(
        {"category": names, "network": "n", "protocol": "p", "measure": "m", "estimate": estimate, "n_images": 7},
        schema_overrides={"estimate": pl.Float64, "category": pl.String},
    )
    return per_class, moved


def test_the_correlation_is_scipys_ties_and_all():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (2, 40)).astype(float)
    y += x
    found = bias_against_sensitivity(*tables_of(x, y), seed=0)
    assert found.schema == CORRELATION
    only = found.row(0, named=True)
    expected = spearmanr(x, y)
    assert only["rho"] == pytest.approx(expected.statistic)
    assert only["rho_low"] < only["rho"] < only["rho_high"]
    assert (only["n"], only["n_images"]) == (40, 280)
    assert spearman(np.stack([x, y]), np.stack([y, x])) == pytest.approx([expected.statistic] * 2)


def test_p_values_are_uniform_where_there_is_nothing_and_small_where_there_is():
    rng = np.random.default_rng(1)
    p = [bias_against_sensitivity(*tables_of(*rng.normal(size=(2, 9))), seed=k)["p_value"][0] for k in range(100)]
    assert kstest(p, "uniform").pvalue > 0.001
    x = rng.normal(size=30)
    assert bias_against_sensitivity(*tables_of(x, -x), seed=0)["p_value"][0] == 1e-4


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [([], [], None), ([1.0, 2.0], [3.0, 4.0], "2 categories, fewer than 3"), ([1.0] * 5, [1.0, 2, 3, 4, 5], "the same in all 5"),
     ([1.0, 2, None, 4], [1.0, None, 2, 3], "2 categories")],
)  # fmt: skip
def test_what_has_no_correlation_has_a_reason(x, y, words):
    found = bias_against_sensitivity(*tables_of(x, y), seed=0)
    assert len(found) == (words is not None)
    for row in found.rows(named=True):
        assert words in row["reason"]
        assert row["rho"] is None
        assert row["q_value"] is None


def test_rows_do_not_depend_on_each_other_and_the_whole_is_left_out():
    rng = np.random.default_rng(2)
    effect, moved = tables_of(*rng.normal(size=(2, 12)))
    effect = pl.concat([effect, pl.DataFrame({"category": [ALL], "effect": [9.0]})])
    more = pl.concat([moved.with_columns(network=pl.lit("another")), moved])
    alone, both = (bias_against_sensitivity(effect, table, seed=0) for table in (moved, more))
    assert both.filter(pl.col("network") == "n").drop("q_value").equals(alone.drop("q_value"))
    assert alone["n"][0] == 12
