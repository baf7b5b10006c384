"""What augmentation gains: means and differences of gains on the same pictures, and which framing is alike."""

import numpy as np
import polars as pl
import pytest

from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.bias.rectangles import ALL
from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION
from shiftscope.remedies.augmentation import Taught, augmentation_gains, framed, framing_distance
from shiftscope.workflow.plan import Plan

from ..jobs import summed

PICTURES, PAIRS = 80, 10
SETTINGS = {"seed": 0, "level": 0.95, "n_resamples": 200}
TAUGHT = [
    Taught(f"{kind}-{where}-shifts", f"{kind}-{where}", "shifts", where)
    for where in ("centred", "uniform")
    for kind in ("strided", "blurred")
]
RATES = {
    "strided-centred": 0.4, "strided-centred-shifts": 0.1, "blurred-centred": 0.3, "blurred-centred-shifts": 0.1,
    "strided-uniform": 0.3, "strided-uniform-shifts": 0.3, "blurred-uniform": 0.2, "blurred-uniform-shifts": 0.2,
}  # fmt: skip
NEAR = {"centred": 0.01, "uniform": 0.2}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Sums of eight networks on one protocol, and the share of pairs in which each changed, counted here."""
    folder, rng = tmp_path_factory.mktemp("augmentation"), np.random.default_rng(0)
    files, shares = {}, {}
    for network, rate in RATES.items():
        tops = np.cumsum(rng.random((PICTURES, PAIRS + 1)) < rate, axis=1) % 2
        shares[network] = float((tops[:, 1:] != tops[:, :-1]).mean())
        rows = [
            {"image_id": f"{picture:02}", "step": step, "value": float(step), "label": 0, "label_rank": 1,
             "top5": [int(top), 1 - int(top)], "top5_prob": [0.75, 0.25]}
            for picture, line in enumerate(tops) for step, top in enumerate(line)
        ]  # fmt: skip
        files["crop", network] = folder / f"{network}.parquet"
        tables.write(files["crop", network], tables.table(rows, tables.PREDICTIONS), tables.PREDICTIONS)
    return {cell: each.sums for cell, each in summed(files).items()}, shares


def test_gains_and_their_difference_are_those_of_the_shares(made):
    files, shares = made
    found = augmentation_gains(TAUGHT, files, NEAR, **SETTINGS)
    assert found.schema == AUGMENTATION
    own = {row["network"]: row for row in found.filter(of="network").rows(named=True)}
    for one in TAUGHT:
        row = own[one.network]
        assert row["gain"] == pytest.approx(shares[one.without] - shares[one.network])
        assert (row["plain"], row["estimate"]) == pytest.approx((shares[one.without], shares[one.network]))
        assert row["gain_low"] < row["gain"] < row["gain_high"]
        assert (row["without"], row["trained_on"], row["distance"]) == (one.without, one.trained_on, NEAR[one.trained_on])
    means = {row["framing"]: row for row in found.filter(of="framing").rows(named=True)}
    for framing, where in (("alike", "centred"), ("otherwise", "uniform")):
        mean = np.mean([shares[one.without] - shares[one.network] for one in TAUGHT if one.trained_on == where])
        assert means[framing]["gain"] == pytest.approx(mean)
    (difference,) = found.filter(of="difference").rows(named=True)
    assert difference["gain"] == pytest.approx(means["alike"]["gain"] - means["otherwise"]["gain"])
    assert 0 < difference["gain_low"] < difference["gain_high"]
    # Networks that gain nothing are the negative control.
    assert means["otherwise"]["gain_low"] < 0 < means["otherwise"]["gain_high"]


def test_means_of_more_networks_are_surer_than_single_ones(made):
    files, _ = made
    found = augmentation_gains(TAUGHT, files, NEAR, **SETTINGS).with_columns(width=pl.col("gain_high") - pl.col("gain_low"))
    mean = found.filter(of="framing", framing="alike")["width"].item()
    assert mean < found.filter(of="network", trained_on="centred")["width"].min()


def test_without_a_known_framing_only_networks_are_given(made):
    files, _ = made
    for distances in ({}, {"centred": 0.1}, {"centred": 0.1, "uniform": None}):
        found = augmentation_gains(TAUGHT, files, distances, **SETTINGS)
        assert set(found["of"]) == {"network"}
        assert found["framing"].null_count() == len(found) == len(TAUGHT)


def test_the_nearest_framing_is_alike():
    assert framed({"a": 0.3, "b": 0.1, "c": 0.2}) == {"a": "otherwise", "b": "alike", "c": "otherwise"}
    rows = [
        {"category": category, "quantity": quantity, "null": null, "effect": effect}
        for category, null, effect in ((ALL, "naive", 0.25), (ALL, "feasible", 0.75), ("dog", "naive", 1.0))
        for quantity in ("centre_x", "centre_y", "width", "height", "area")
    ]
    assert framing_distance(tables.table(rows, FRAMING_COMPARISON)) == 0.25
    assert framing_distance(tables.table(rows[1:5], FRAMING_COMPARISON)) is None


def test_only_networks_that_differ_in_nothing_but_their_augmentation_are_compared():
    small = {"kind": "timm", "architecture": "resnet18", "input_size": 64, "outputs": 10}
    train = {"dataset": "train"}
    shifts = {"train": {**train, "augmentation": "shifts"}, "remedy_of": "plain"}
    config = {
        "datasets": {
            "train": {"kind": "digits", "split": "train", "count": 20, "evaluate": False},
            "other": {"kind": "digits", "split": "train", "count": 20, "evaluate": False},
            "test": {"kind": "digits", "count": 20, "compare_with": ["train", "other"]},
        },
        "networks": {
            "plain": {**small, "train": train},
            "shifts": {**small, **shifts},
            "blurred-shifts": {**small, **shifts, "options": {"aa_layer": "blurpc"}},
            "elsewhere": {**small, "train": {"dataset": "other", "augmentation": "shifts"}, "remedy_of": "plain"},
            "longer": {**small, "train": {**train, "epochs": 9}, "remedy_of": "plain"},
        },
        "protocols": {"centre": {}, "crop": {}, "resizers": {}},
    }
    plan = Plan(Config.load(config))
    assert plan.augmented_of("test") == [["shifts", "plain", "shifts", "train"]]
    assert plan.augmentation_cells("test") == [["crop", "plain"], ["crop", "shifts"]]
    assert plan.framed_alike("test") == ["train"]
    assert "augmentation" in plan.tables("test")
    del config["networks"]["shifts"]
    assert "augmentation" not in Plan(Config.load(config)).tables("test")
