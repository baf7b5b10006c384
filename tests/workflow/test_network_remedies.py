"""Networks that are remedies, as a part of the workflow: their price, the table of all, the page, and what runs again."""

import json

import polars as pl
import pytest

from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.stages.price import PRICE

from .conftest import SMALL, Project

pytestmark = pytest.mark.workflow


def config(**more):
    """A plain network, its weights with a filter, and the same network trained with shifts; averages of two frames."""
    plain = {**SMALL["networks"]["plain"], "train": {"dataset": "train", "epochs": 1, "crop_fraction": 0.8889}}
    same = {key: plain[key] for key in ("kind", "architecture", "options")}
    taught = {**plain, "train": {**plain["train"], "augmentation": "shifts"}, "remedy_of": "plain"}
    return {
        **SMALL,
        "shards": 1,
        "datasets": {
            "train": {**SMALL["datasets"]["train"], "count": 64},
            "test": {**SMALL["datasets"]["test"], "count": 12},
        },
        "networks": {"blurred": {**same, "weights_of": "plain", "sampling": "blurpool"}, "plain": plain, "taught": taught},
        "protocols": {name: SMALL["protocols"][name] for name in ("centre", "crop")},
        "inference": {**SMALL["inference"], "keep_logits": True},
        "remedies": {"mean": {"kind": "average", "counts": [1, 2]}},
        **more,
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("network-remedies"))
    project.configure(config())
    project.snakemake()
    return project


def test_all_remedies_are_in_one_table_with_what_they_cost(made):
    results = made.folder / "results"
    found = pl.read_parquet(results / "test" / "remedies.parquet", glob=False)
    assert found.schema == REMEDIES
    change = found.filter(measure="top1_change", condition="all", protocol="crop")
    assert change.select("network", "remedy", "setting").rows() == [
        ("blurred", "mean", 1), ("blurred", "mean", 2), ("plain", "mean", 1), ("plain", "mean", 2),
        ("plain", "blurred", None), ("plain", "taught", None), ("taught", "mean", 1), ("taught", "mean", 2),
    ]  # fmt: skip
    networks = change.filter(kind="network")
    assert networks["epochs"].to_list() == networks["parameters_added"].to_list() == [0, 0]
    prices = [json.loads((results / "networks" / name / "price.json").read_text()) for name in ("blurred", "taught")]
    assert all(list(price) == list(PRICE) for price in prices)
    assert networks["time_ratio"].to_list() == [price["time_ratio"] for price in prices]
    assert not (results / "networks" / "plain" / "price.json").exists()
    once = found.filter(kind="network", protocol="centre")
    assert set(once["measure"]) == {"accuracy", "top5_accuracy"}


def test_figures_and_page_say_what_helps(made):
    results = made.folder / "results" / "test"
    gains = pl.read_parquet(results / "augmentation.parquet", glob=False)
    assert gains.schema == AUGMENTATION
    assert gains.select("of", "network", "without", "trained_on").rows() == [("network", "taught", "plain", "train")]
    drawn = {path.relative_to(results / "figures").as_posix() for path in results.glob("figures/**/*.png")}
    assert {"crop/remedies.png", "crop/averaging.png", "augmentation.png"} <= drawn
    assert not {"centre/remedies.png", "centre/averaging.png"} & drawn
    page = (results / "report.html").read_text()
    assert "<h2>What helps</h2>" in page
    assert "All were trained on one data set" in page
    assert "<td>blurred</td>" in page


def test_another_order_gathers_and_draws_again_and_measures_nothing(made):
    assert made.would_run() == {}
    networks = config()["networks"]
    made.configure(config(networks={name: networks[name] for name in ("blurred", "plain")}))
    fewer = made.would_run()
    made.configure(config())
    assert not {"train", "infer", "frames", "price"} & set(fewer)
    assert {"network_remedies", "remedies"} <= set(fewer)
    made.edit("src/shiftscope/figures/augmentation.py", "3.4)", "3.5)")
    assert made.would_run() == {"figure": 1, "report": 1}
    made.edit("src/shiftscope/figures/augmentation.py", "3.5)", "3.4)")
