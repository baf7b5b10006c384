"""Training as a part of the workflow: fine-tuning, borrowed weights, learning curves, and what runs again."""

import copy
import json

import polars as pl
import pytest

from shiftscope.stages.learning_curve import LEARNING_CURVE

from .conftest import SMALL, Project

pytestmark = pytest.mark.workflow


def config(**tuned):
    """A network that is trained, one that is fine-tuned from it, and one that has the weights of the second."""
    base = copy.deepcopy(SMALL["networks"]["plain"])
    base["train"] = {"dataset": "train", "epochs": 1, "crop_fraction": 0.8889}
    same = {key: base[key] for key in ("kind", "architecture", "options")}
    train = {**base["train"], "epochs": 2, "validation": "test", "augmentation": {"kind": "shifts", "reach": 4}, **tuned}
    return {
        **SMALL,
        "shards": 1,
        "datasets": {
            "train": {**SMALL["datasets"]["train"], "count": 64},
            "test": {**SMALL["datasets"]["test"], "count": 10, "compare_with": []},
        },
        "networks": {
            "borrowed": {**same, "weights_of": "tuned", "sampling": "blurpool"},
            "tuned": {**same, "weights_of": "base", "train": train},
            "base": base,
        },
        "protocols": {"centre": {"crop_fraction": 0.8889}},
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("training"))
    project.configure(config())
    project.snakemake()
    return project


def test_weights_go_from_one_network_to_the_next(trained):
    networks = trained.folder / "results" / "networks"
    cards = {name: json.loads((networks / name / "card.json").read_text()) for name in config()["networks"]}
    assert {name: card["weights_of"] for name, card in cards.items()} == {
        "base": None,
        "tuned": "base",
        "borrowed": "tuned",
    }
    assert cards["borrowed"]["weights"] == cards["tuned"]["weights"] == "results/networks/tuned/weights.safetensors"
    assert cards["tuned"]["weights_sha256"] != cards["base"]["weights_sha256"]
    assert {card["preprocessing"]["input_size"] for card in cards.values()} == {64}
    assert sorted(path.parent.name for path in networks.glob("*/weights.safetensors")) == ["base", "tuned"]
    assert not list(networks.glob("*/*.checkpoint"))


def test_curves_are_of_the_networks_that_were_trained(trained):
    networks = trained.folder / "results" / "networks"
    tables = {path.parent.name: pl.read_parquet(path, glob=False) for path in networks.glob("*/training.parquet")}
    assert {name: len(rows) for name, rows in tables.items()} == {"base": 1, "tuned": 2}
    assert all(rows.schema == LEARNING_CURVE for rows in tables.values())
    assert tables["tuned"]["validation_loss"].null_count() == 0
    caption = (trained.folder / "results" / "test" / "figures" / "learning_curves.txt").read_text()
    assert "tuned: in epoch 2, the last one" in caption
    assert "borrowed" not in caption
    assert "How training went" in (trained.folder / "results" / "test" / "report.html").read_text()


def test_another_augmentation_trains_that_network_again_and_no_other(trained):
    assert trained.would_run() == {}
    trained.configure(config(augmentation="more"))
    again = trained.would_run("model_borrowed")
    trained.configure(config())
    assert again["train"] == 1
    assert again["network"] == 1
    assert not {"frames", "images"} & set(again)
    improved = config()
    improved["networks"]["borrowed"]["remedy_of"] = "base"
    trained.configure(improved)
    found = trained.would_run()
    trained.configure(config())
    assert {"price", "network_remedies", "remedies"} <= set(found)  # it is compared with another network
    assert not {"train", "network", "infer", "frames", "sensitivity"} & set(found)
