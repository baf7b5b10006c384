"""Networks that are remedies: differences on the pictures that both have, and what they cost."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.networks import costs, network_remedies
from shiftscope.statistics.proportions import share_intervals
from shiftscope.statistics.ratios import Ratios
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

from ..jobs import summed

STEPS = 5
COST = {"passes": 1.0, "time_ratio": 1.25, "parameters_added": 0, "epochs": 2}
SETTINGS = {"seed": 0, "level": 0.95, "n_resamples": 200}


def predictions(path, answers):
    """A table of answers: picture → the top class of each step; the label of every picture is class 0."""
    rows = [
        {
            "image_id": picture, "step": step, "value": float(step), "label": 0, "label_prob": 0.5, "label_rank": 1 if top == 0 else 2,
            "top5": [top, 1 - top], "top5_prob": [0.75, 0.25], "prob_of_previous_top1": 0.75,
        }
        for picture, tops in answers.items() for step, top in enumerate(tops)
    ]  # fmt: skip
    tables.write(path, tables.table(rows, tables.PREDICTIONS), tables.PREDICTIONS)
    return path


@pytest.fixture
def answers(tmp_path):
    """Plain flips after every step on 40 pictures, the remedy on pictures 10 to 49, after the first one only, and always
    right from there on; both are asked once through `centre`."""
    pictures = [f"{k:02}" for k in range(50)]
    plain = {name: [0, 1, 0, 1, 0] for name in pictures[:40]}
    remedy = {name: [1, 0, 0, 0, 0] for name in pictures[10:]}
    files = {
        ("crop", "plain"): predictions(tmp_path / "a", plain),
        ("crop", "remedy"): predictions(tmp_path / "b", remedy),
        ("centre", "plain"): predictions(tmp_path / "c", {name: tops[:1] for name, tops in plain.items()}),
        ("centre", "remedy"): predictions(tmp_path / "d", {name: tops[:1] for name, tops in remedy.items()}),
    }
    return summed(files, n_resamples=SETTINGS["n_resamples"])


def test_differences_are_on_the_pictures_that_both_have(answers):
    found = network_remedies([("remedy", "plain")], answers, {"remedy": COST}, **SETTINGS)
    assert found.schema == REMEDIES
    assert set(found["network"]) == {"plain"}
    assert set(found["remedy"]) == {"remedy"}
    assert set(found["kind"]) == {"network"}
    assert found["setting"].null_count() == len(found)
    assert set(found["condition"]) == {"all", "right"}  # nothing is matched among more than two networks
    assert set(found.select("passes", "time_ratio", "parameters_added", "epochs").rows()) == {(1.0, 1.25, 0, 2)}
    (change,) = found.filter(protocol="crop", measure="top1_change", condition="all").rows(named=True)
    assert (change["without"], change["estimate"], change["difference"]) == (1, 0.25, -0.75)
    assert (change["n_images"], change["n_pairs"]) == (30, 120)
    # 30 pictures of four pairs, of which one changes in each: Wilson's interval by hand.
    shares = Ratios(np.ones((30, 1)), np.full((30, 1), 4.0), np.array([120.0]), np.ones(1))
    low, high = share_intervals(shares.totals(), 0.95)
    assert (change["ci_low"], change["ci_high"]) == pytest.approx((low[0], high[0]))
    assert -1 <= change["difference_low"] < -0.75 < change["difference_high"] < 0
    (accuracy,) = found.filter(protocol="crop", measure="accuracy").rows(named=True)
    assert (accuracy["without"], accuracy["estimate"], accuracy["n_pairs"]) == (0.6, 0.8, 150)


def test_a_protocol_of_one_step_has_accuracies_and_no_changes(answers):
    found = network_remedies([("remedy", "plain")], answers, {"remedy": COST}, **SETTINGS)
    once = found.filter(protocol="centre")
    assert set(once["measure"]) == {"accuracy", "top5_accuracy"}
    (accuracy,) = once.filter(measure="accuracy").rows(named=True)
    assert (accuracy["without"], accuracy["estimate"], accuracy["n_images"]) == (1, 0, 30)


def test_a_network_does_not_improve_on_itself(answers):
    files = {("crop", name): answers["crop", "plain"] for name in ("plain", "same")}
    found = network_remedies([("same", "plain")], files, {"same": COST}, **SETTINGS)
    known = found.drop_nulls(["difference"])
    assert len(known) > 5
    assert set(known["difference"]) == {0}
    inside = known.drop_nulls(["difference_low"])
    assert (inside["difference_low"] <= 0).all()
    assert (inside["difference_high"] >= 0).all()


def test_costs_are_read_in_the_order_of_the_pairs(tmp_path):
    def written(name, **values):
        (tmp_path / name).write_text(json.dumps(values))
        return tmp_path / name

    cards = [written("a", parameters=12), written("b", parameters=None)]
    without = [written("c", parameters=10)] * 2
    prices = [written("d", time_ratio=1.5), written("e", time_ratio=2.5)]
    found = costs([("one", "plain"), ("two", "plain")], cards, without, prices, {"one": 2, "two": 0})
    assert found == {
        "one": {"passes": 1, "time_ratio": 1.5, "parameters_added": 2, "epochs": 2},
        "two": {"passes": 1, "time_ratio": 2.5, "parameters_added": None, "epochs": 0},
    }


def plan():
    """A network trained for 8 epochs, and remedies: another training, its weights with a filter, and 2 epochs more."""
    small = {"kind": "timm", "architecture": "resnet18", "input_size": 64, "outputs": 10}
    networks = {
        "plain": {**small, "train": {"dataset": "d", "epochs": 8}},
        "shifts": {**small, "train": {"dataset": "d", "epochs": 10, "augmentation": "shifts"}, "remedy_of": "plain"},
        "as-is": {**small, "sampling": "blurpool", "weights_of": "plain"},
        "tuned": {**small, "sampling": "blurpool", "weights_of": "plain", "train": {"dataset": "d", "epochs": 2}},
        "further": {**small, "weights_of": "tuned", "remedy_of": "plain", "train": {"dataset": "d", "epochs": 3}},
        "other": {**small, "train": {"dataset": "d"}},
    }
    raw = {
        "datasets": {"d": {"kind": "digits", "count": 20}},
        "networks": networks,
        "protocols": {"centre": {}, "crop": {}},
    }
    return Plan(Config.load(raw)), raw


def test_epochs_are_those_beyond_the_network_without():
    made, _ = plan()
    assert Parameters(made, Path()).epochs("d") == {"shifts": 2, "as-is": 0, "tuned": 2, "further": 5}


def test_only_networks_that_are_compared_are_asked_for():
    made, raw = plan()
    assert made.remedied == {"shifts": "plain", "as-is": "plain", "tuned": "plain", "further": "plain"}
    assert {network for _, network in made.remedy_cells("d")} == {"plain", "shifts", "as-is", "tuned", "further"}
    assert {protocol for protocol, _ in made.remedy_cells("d")} == {"centre", "crop"}
    assert "remedies" in made.tables("d")
    raw["networks"] = {"plain": raw["networks"]["plain"]}
    bare = Plan(Config.load(raw))
    assert "remedies" not in bare.tables("d")
    assert bare.answer_remedies("d") == []
    with_answers = Plan(Config.load({**raw, "remedies": {"average": {"counts": [2]}}, "inference": {"keep_logits": True}}))
    assert "remedies" in with_answers.tables("d")
    assert with_answers.answer_remedies("d") == ["results/d/remedies/plain.parquet"]


def test_gathering_keeps_every_row(answers):
    from shiftscope.remedies.networks import gathered

    found = network_remedies([("remedy", "plain")], answers, {"remedy": COST}, **SETTINGS)
    first = found.with_columns(remedy=pl.lit("average"), setting=pl.lit(4, pl.Int64))
    both = gathered([found, first], ["plain"], ["average", "remedy"])
    assert both["remedy"].unique(maintain_order=True).to_list() == ["average", "remedy"]
    assert both.filter(remedy="remedy").equals(found)
    assert gathered([], [], []).schema == REMEDIES
