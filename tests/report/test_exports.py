"""Tables beside the page, and one row per network in the form in which people share results."""

import json

import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.report.exports import export
from shiftscope.report.results import RESULTS, results
from shiftscope.sensitivity import SENSITIVITY

EVIL = 'a "b", {c}\n<d>'


def rows(network, protocol, **measures):
    for measure, (condition, estimate) in measures.items():
        yield {
            "network": network, "protocol": protocol, "measure": measure.removesuffix("_"), "condition": condition, "estimate": estimate,
            "ci_low": estimate - 0.01, "ci_high": estimate + 0.01, "n_images": 40, "n_pairs": 360,
        }  # fmt: skip


@pytest.fixture
def sensitivity():
    found = []
    for network, accuracy, change, agreement in ((EVIL, 0.9, 0.2, 0.5), ("calm", 0.8, 0.1, 0.75), ("tied", 0.7, 0.2, 0.5)):
        found += rows(
            network, "crop", accuracy=("all", accuracy), top1_change=("all", change), top1_change_=("matched", change / 2),
            mac=("all", 0.05), agreement=("all", 1 - change), consistency=("all", 0.9),
        )  # fmt: skip
        found += rows(
            network, "resizers", accuracy=("all", accuracy), agreement=("all", agreement), consistency=("all", 0.9)
        )
    return tables.table(found, SENSITIVITY)


CARDS = [{"network": "calm", "architecture": "resnet50", "parameters": 25_557_032, "input_size": 224, "mean": [0.5]}]


def test_ranks_are_by_change_or_else_by_agreement_and_differ_from_those_by_accuracy(sensitivity):
    table = results(sensitivity, CARDS)
    assert table.schema == RESULTS
    found = table.select("protocol", "network", "rank", "rank_accuracy", "rank_difference").rows()
    for protocol in ("crop", "resizers"):
        assert [row[1:] for row in found if row[0] == protocol] == [(EVIL, 2, 1, -1), ("calm", 1, 2, 1), ("tied", 2, 3, 1)]


def test_a_row_has_the_numbers_of_the_tables(sensitivity):
    (row,) = results(sensitivity, CARDS).filter(network="calm", protocol="crop").rows(named=True)
    assert (row["architecture"], row["parameters"], row["input_size"]) == ("resnet50", 25_557_032, 224)
    assert (row["change"], row["change_low"], row["change_matched"], row["mac"]) == pytest.approx((0.1, 0.09, 0.05, 0.05))
    assert (row["n_images"], row["frames"], row["mac_matched"]) == (40, 360, None)
    (row,) = results(sensitivity, []).filter(network="calm", protocol="resizers").rows(named=True)
    assert (row["change"], row["agreement"], row["architecture"]) == (None, 0.75, None)


def test_every_table_can_be_read_again(sensitivity, tmp_path):
    tables.write(tmp_path / "sensitivity.parquet", sensitivity, SENSITIVITY)
    lists = pl.DataFrame({"layer": ["x"], "values": [[1.5, 2.0]]})
    lists.write_parquet(tmp_path / "one.parquet")
    lists.write_parquet(tmp_path / "two.parquet")
    (tmp_path / "card.json").write_text(json.dumps(CARDS[0]))
    parts = [{"path": str(tmp_path / f"{name}.parquet"), "columns": {"network": name}} for name in ("one", "two")]
    files = {
        "sensitivity": [{"path": str(tmp_path / "sensitivity.parquet"), "columns": {}}],
        "networks": [{"path": str(tmp_path / "card.json"), "columns": {}}],
        "layers": parts,
    }
    path_of = {name: str(tmp_path / "tables" / f"{name}.csv") for name in ("results", *files)}
    export(files, path_of)
    again = pl.read_csv(path_of["sensitivity"], schema=SENSITIVITY)
    assert again.equals(sensitivity)
    assert pl.read_csv(path_of["results"], schema=RESULTS).equals(results(sensitivity, CARDS))
    assert pl.read_csv(path_of["layers"]).rows() == [("one", "x", "1.5 2.0"), ("two", "x", "1.5 2.0")]
    assert pl.read_csv(path_of["networks"]).select("network", "parameters").row(0) == ("calm", 25_557_032)
    assert not list(tmp_path.rglob("*.part"))
