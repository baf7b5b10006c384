"""Remedies that work on answers, as a part of the workflow: what it makes, and what runs again."""

import polars as pl
import pytest

from shiftscope.remedies import REMEDIES
from shiftscope.remedies.scores import SCORES

from .conftest import SMALL

pytestmark = pytest.mark.workflow


def jobs(project, **remedies):
    """What would run for the table of a network's remedies, with these in the config."""
    project.configure({**SMALL, "remedies": {**SMALL["remedies"], **remedies}})
    return project.would_run("results/test/remedies/plain.parquet")


def test_the_table_has_a_row_for_each_setting_on_the_frames_of_each_network(finished):
    results = finished.folder / "results" / "test"
    found = pl.read_parquet(results / "remedies" / "plain.parquet", glob=False)
    assert found.schema == REMEDIES
    settings = found.select("remedy", "setting", "protocol").unique().sort("remedy", "setting", "protocol").rows()
    assert settings == [
        ("choice", 2, "crop"),
        *(("mean", count, protocol) for count in (1, 2) for protocol in ("crop", "inpaint", "move")),
    ]
    mac = found.filter(measure="mac", condition="all", remedy="mean", protocol="crop")
    assert mac["difference"][0] == 0
    assert mac["n_images"].to_list() == [30, 30]
    assert mac["n_pairs"].to_list() == [90, 90]  # of 5 frames, 4 have another one behind them
    scores = [pl.read_parquet(path, glob=False) for path in sorted(results.glob("frames/*/*/*/scores.parquet"))]
    assert [score.schema for score in scores] == [SCORES, SCORES]
    assert sum(map(len, scores)) == 150
    assert len(list(results.glob("frames/crop/*/*/scores.parquet"))) == 2


def test_another_remedy_runs_no_network_again(looked_at):
    assert jobs(looked_at, more={"kind": "average", "over": "probabilities", "counts": [3]}) == {"answer_remedies": 1}


def test_what_is_edited_is_what_runs_again(looked_at):
    looked_at.edit("src/shiftscope/remedies/average.py", "total / count", "total * 1 / count")
    assert jobs(looked_at) == {"answer_remedies": 1}
    looked_at.edit("src/shiftscope/remedies/average.py", "total * 1 / count", "total / count")
    looked_at.edit("src/shiftscope/remedies/scores.py", "STRIP = 32", "STRIP = 16")
    assert jobs(looked_at) == {"scores": 2, "answer_remedies": 1}
    looked_at.edit("src/shiftscope/remedies/scores.py", "STRIP = 16", "STRIP = 32")
    assert jobs(looked_at) == {}


def test_without_remedies_none_of_it_is_made(looked_at):
    networks = {"plain": SMALL["networks"]["plain"]}
    looked_at.configure({**SMALL, "remedies": {}, "networks": networks})
    assert not {"scores", "answer_remedies", "remedies"} & set(looked_at.would_run("--forceall"))
    looked_at.configure({**SMALL, "networks": networks})
    assert {"scores", "answer_remedies", "remedies"} <= set(looked_at.would_run("--forceall"))
