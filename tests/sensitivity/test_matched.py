"""Measures at matched confidence, and curves over what is swept, against loops and against what must hold."""

import numpy as np
import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.sensitivity import CURVES
from shiftscope.sensitivity.estimates import curves, sensitivity
from shiftscope.sensitivity.rows import frame_rows, pair_rows

from ..jobs import summed, written

DRAWS = {"seed": 0, "level": 0.9, "n_resamples": 100}


def predictions(confidence, flips, seed=0):
    """Pairs of frames: the first as confident as it is said, the second with another answer where `flips` says so."""
    rng = np.random.default_rng(seed)
    rows = []
    for k, (p, flip) in enumerate(zip(confidence, flips, strict=True)):
        for step, top in enumerate((0, int(flip))):
            rows.append({
                "image_id": f"{k:05}", "step": step, "value": float(step), "label": 0, "label_prob": float(p),
                "label_rank": 1 + top, "top5": [top, 2, 3, 4, 5], "top5_prob": [float(p), 0.0, 0.0, 0.0, 0.0],
                "prob_of_previous_top1": float(rng.uniform()) if step else None,
            })  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def network(n, sure, seed):
    """A network whose answer flips with probability 1 − confidence, whatever it is: none is steadier than another. The
    surer one only has other confidences."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(sure, 3, n)
    return predictions(confidence, rng.uniform(size=n) > confidence, seed)


def of_networks(folder, networks, ordered=True):
    return summed(written(folder, {("p", name): table for name, table in networks.items()}), ordered=ordered)


def estimates(folder, networks):
    return {
        (row["network"], row["measure"], row["condition"]): row["estimate"]
        for row in sensitivity(of_networks(folder, networks), level=0.9).iter_rows(named=True)
    }


def test_networks_that_differ_in_confidence_alone_are_equally_steady_at_matched_confidence(tmp_path):
    found = estimates(tmp_path, {"sure": network(6000, 6, 1), "unsure": network(6000, 2, 2)})
    change = {name: found[name, "top1_change", "all"] for name in ("sure", "unsure")}
    assert change["unsure"] - change["sure"] > 0.2
    assert found["sure", "top1_change", "matched"] == pytest.approx(found["unsure", "top1_change", "matched"], abs=0.04)


def test_a_matched_mean_is_that_of_a_loop_over_bins(tmp_path):
    networks = {"a": network(300, 3, 3), "b": network(200, 5, 4)}
    found = estimates(tmp_path, networks)
    pairs = {name: pair_rows(frame_rows(table)).rows(named=True) for name, table in networks.items()}
    flips = {name: [[] for _ in range(10)] for name in networks}
    for name, rows in pairs.items():
        for row in rows:
            flips[name][next(k for k in range(10) if row["top1_prob_before"] <= (k + 1) / 10)].append(
                row["top1"] != row["previous_top1"]
            )
    common = [k for k in range(10) if all(flips[name][k] for name in networks)]
    assert len(common) > 3
    share = {k: np.mean([len(flips[name][k]) / len(pairs[name]) for name in networks]) for k in common}
    for name in networks:
        expected = sum(share[k] * np.mean(flips[name][k]) for k in common) / sum(share.values())
        assert found[name, "top1_change", "matched"] == pytest.approx(expected)


def test_a_network_matched_to_itself_is_unchanged(tmp_path):
    table = network(500, 4, 5)
    found = estimates(tmp_path, {"a": table, "b": table})
    for (name, measure, condition), estimate in found.items():
        if condition == "matched":
            assert estimate == pytest.approx(found[name, measure, "all"])


def test_one_network_has_nothing_to_be_matched_to(tmp_path):
    found = estimates(tmp_path, {"a": network(50, 4, 5)})
    assert {condition for _, _, condition in found} == {"all", "right"}


def test_networks_without_a_confidence_in_common_have_matched_rows_without_numbers(tmp_path):
    apart = {"a": predictions([0.05] * 4, [0, 1, 0, 1]), "b": predictions([0.95] * 4, [0, 1, 1, 1])}
    rows = sensitivity(of_networks(tmp_path, apart), level=0.9).filter(condition="matched")
    assert set(rows["measure"]) == {"top1_change", "mac", "jaggedness_rate", "exit_rate"}
    assert rows["estimate"].is_null().all()
    assert rows["n_pairs"].max() == 0


def swept(folder, networks, ordered=True):
    files = of_networks(folder, networks, ordered)
    return curves({cell: each.draws for cell, each in files.items()}, level=0.9)


def test_curves_are_the_means_at_each_value(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    for image in range(40):
        for step in range(int(rng.integers(2, 7))):
            top = int(rng.integers(3))
            rows.append({
                "image_id": f"{image:02}", "step": step, "value": 10.0 * step, "label": image % 3 if image % 4 else None,
                "label_prob": 0.5, "label_rank": (1 if top == image % 3 else 7) if image % 4 else None,
                "top5": [top], "top5_prob": [0.5], "prob_of_previous_top1": 0.4 if step else None,
            })  # fmt: skip
    table = tables.table(rows, tables.PREDICTIONS)
    found = swept(tmp_path, {"n": table})
    assert found.schema == CURVES
    by = {(row["measure"], row["value"]): row for row in found.iter_rows(named=True)}
    for value in (0, 10, 30, 50):
        here = [row for row in rows if row["value"] == value]
        right = [row["label_rank"] == 1 for row in here if row["label"] is not None]
        assert by["accuracy", value]["estimate"] == pytest.approx(np.mean(right))
        assert by["accuracy", value]["n_images"] == len(right)
        if value:
            before = {row["image_id"]: row for row in rows if row["value"] == value - 10}
            flips = [row["top5"] != before[row["image_id"]]["top5"] for row in here]
            assert by["top1_change", value]["estimate"] == pytest.approx(np.mean(flips))
            assert by["top1_change", value]["ci_low"] <= np.mean(flips) <= by["top1_change", value]["ci_high"]
    assert ("top1_change", 0.0) not in by
    unordered = swept(tmp_path, {"n": table}, ordered=False)
    assert set(unordered["measure"]) == {"accuracy", "top5_accuracy"}


def test_a_single_value_and_too_many_have_no_curve(tmp_path):
    one = network(20, 3, 1).with_columns(value=pl.lit(0.0))
    many = network(300, 3, 1).with_row_index("place").with_columns(value=pl.col("place").cast(pl.Float64)).drop("place")
    found = swept(tmp_path, {"one": one, "many": many})
    assert not len(found)
