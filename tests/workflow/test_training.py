"""Training as a part of the workflow: fine-tuning, borrowed weights, learning curves, and what runs again."""

import json

import polars as pl
import pytest

from shiftscope.stages.learning_curve import LEARNING_CURVE

from .conftest import PLAIN, SMALL

pytestmark = pytest.mark.workflow
FIGURE = "results/test/figures/learning_curves.png"
TARGETS = [FIGURE, *(f"results/networks/{name}/card.json" for name in ("tuned", "borrowed"))]


def config(**tuned):
    """A network that is trained, one that is fine-tuned from it with a filter, and one that has the weights of the second."""
    same = {key: PLAIN[key] for key in ("kind", "architecture", "options")} | {"sampling": "blurpool"}
    train = {**PLAIN["train"], "epochs": 2, "validation": "test", "augmentation": {"kind": "shifts", "reach": 4}, **tuned}
    return {
        **SMALL,
        "networks": {
            "borrowed": {**same, "weights_of": "tuned"},
            "tuned": {**same, "weights_of": "plain", "train": train},
            "plain": PLAIN,
        },
    }


@pytest.fixture(scope="module")
def trained(looked_at):
    looked_at.configure(config())
    looked_at.snakemake(*TARGETS)
    return looked_at


def test_weights_go_from_one_network_to_the_next(trained, finished):
    networks = trained.folder / "results" / "networks"
    cards = {name: json.loads((networks / name / "card.json").read_text()) for name in config()["networks"]}
    assert {name: card["weights_of"] for name, card in cards.items()} == {
        "plain": None,
        "tuned": "plain",
        "borrowed": "tuned",
    }
    assert cards["borrowed"]["weights"] == cards["tuned"]["weights"] == "results/networks/tuned/weights.safetensors"
    assert cards["tuned"]["weights_sha256"] != cards["plain"]["weights_sha256"]
    before = json.loads((finished.folder / "results/networks/plain/card.json").read_text())
    assert cards["plain"]["weights_sha256"] == before["weights_sha256"]
    assert {card["preprocessing"]["input_size"] for card in cards.values()} == {64}
    made = {path.parent.name for path in networks.glob("*/weights.safetensors")}
    assert {"plain", "tuned"} <= made
    assert "borrowed" not in made
    assert not list(networks.glob("*/*.checkpoint"))


def test_curves_are_of_the_networks_that_were_trained(trained, finished):
    networks = trained.folder / "results" / "networks"
    tables = {name: pl.read_parquet(networks / name / "training.parquet", glob=False) for name in ("plain", "tuned")}
    assert {name: len(rows) for name, rows in tables.items()} == {"plain": 3, "tuned": 2}
    assert not (networks / "borrowed" / "training.parquet").exists()
    assert all(rows.schema == LEARNING_CURVE for rows in tables.values())
    assert tables["tuned"]["validation_loss"].null_count() == 0
    caption = (trained.folder / FIGURE).with_suffix(".txt").read_text()
    assert "tuned: in epoch 2, the last one" in caption
    assert "borrowed" not in caption
    assert "How training went" in (finished.folder / "results" / "test" / "report.html").read_text()


def test_another_augmentation_trains_that_network_again_and_no_other(trained):
    assert trained.would_run(*TARGETS) == {}
    trained.configure(config(augmentation="more"))
    again = trained.would_run("model_borrowed")
    assert again["train"] == 1
    assert again["network"] == 1
    assert not {"frames", "images"} & set(again)
