"""Networks that are remedies, as a part of the workflow: their price, the table of all, the page, and what runs again."""

import json

import polars as pl
import pytest

from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.stages.price import PRICE

from .conftest import SMALL

pytestmark = pytest.mark.workflow


def test_all_remedies_are_in_one_table_with_what_they_cost(finished):
    results = finished.folder / "results"
    found = pl.read_parquet(results / "test" / "remedies.parquet", glob=False)
    assert found.schema == REMEDIES
    change = found.filter(measure="top1_change", condition="all", protocol="crop")
    assert change.select("network", "remedy", "setting").rows() == [
        ("blurred", "mean", 1), ("blurred", "mean", 2), ("blurred", "choice", 2), ("plain", "mean", 1), ("plain", "mean", 2),
        ("plain", "choice", 2), ("plain", "blurred", None), ("plain", "taught", None),
        ("taught", "mean", 1), ("taught", "mean", 2), ("taught", "choice", 2),
    ]  # fmt: skip
    networks = change.filter(kind="network")
    assert networks["epochs"].to_list() == networks["parameters_added"].to_list() == [0, 0]
    prices = [json.loads((results / "networks" / name / "price.json").read_text()) for name in ("blurred", "taught")]
    assert all(list(price) == list(PRICE) for price in prices)
    assert networks["time_ratio"].to_list() == [price["time_ratio"] for price in prices]
    assert not (results / "networks" / "plain" / "price.json").exists()
    once = found.filter(kind="network", protocol="centre")
    assert set(once["measure"]) == {"accuracy", "top5_accuracy"}


def test_figures_and_page_say_what_helps(finished):
    results = finished.folder / "results" / "test"
    gains = pl.read_parquet(results / "augmentation.parquet", glob=False)
    assert gains.schema == AUGMENTATION
    assert gains.select("protocol", "of", "network", "without", "trained_on").rows() == [
        (protocol, "network", "taught", "plain", "train") for protocol in ("crop", "inpaint", "move")
    ]
    drawn = {path.relative_to(results / "figures").as_posix() for path in results.glob("figures/**/*.png")}
    assert {"crop/remedies.png", "crop/averaging.png", "augmentation.png"} <= drawn
    assert not {"centre/remedies.png", "centre/averaging.png"} & drawn
    page = (results / "report.html").read_text()
    assert "<h2>What helps</h2>" in page
    assert "All were trained on one data set" in page
    assert "<td>blurred</td>" in page


def test_fewer_networks_are_gathered_and_drawn_again_and_measured_no_more(looked_at):
    looked_at.configure({**SMALL, "networks": {name: SMALL["networks"][name] for name in ("blurred", "plain")}})
    fewer = looked_at.would_run()
    assert not {"train", "infer", "frames", "price"} & set(fewer)
    assert {"network_remedies", "remedies"} <= set(fewer)


def test_an_edit_of_the_figure_of_augmentation_redraws_it_and_the_report(looked_at):
    looked_at.configure(SMALL)
    looked_at.edit("src/shiftscope/figures/augmentation.py", "3.4 * down", "3.5 * down")
    assert looked_at.would_run_each() == {"figures_remedies": 1, "report": 1}
    looked_at.edit("src/shiftscope/figures/augmentation.py", "3.5 * down", "3.4 * down")


def test_another_remedy_of_compares_with_another_network_and_trains_and_asks_none_again(looked_at):
    networks = SMALL["networks"]
    looked_at.configure({**SMALL, "networks": {**networks, "taught": {**networks["taught"], "remedy_of": "blurred"}}})
    found = looked_at.would_run()
    assert {"price", "network_remedies", "remedies"} <= set(found)
    assert not {"train", "network", "infer", "frames", "sensitivity"} & set(found)
