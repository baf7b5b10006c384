"""Remedies that work on answers, as a part of the workflow: what it makes, and what runs again."""

import polars as pl
import pytest

from shiftscope.remedies import REMEDIES
from shiftscope.remedies.scores import SCORES

from .conftest import SMALL, Project

pytestmark = pytest.mark.workflow
MEAN = {"mean": {"kind": "average", "counts": [1, 2]}}
CHOICE = {"choice": {"kind": "crop_selection", "counts": [2], "protocols": ["crop"]}}


def config(remedies, **more):
    network = {**SMALL["networks"]["plain"], "train": {"dataset": "train", "epochs": 1, "crop_fraction": 0.8889}}
    return {
        **SMALL,
        "datasets": {
            "train": SMALL["datasets"]["train"],
            "test": {**SMALL["datasets"]["test"], "count": 10, "compare_with": []},
        },
        "networks": {"plain": network},
        "protocols": {name: SMALL["protocols"][name] for name in ("centre", "crop")},
        "inference": {**SMALL["inference"], "keep_logits": True},
        "remedies": remedies,
        **more,
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("remedies"))
    project.configure(config(MEAN | CHOICE))
    project.snakemake("results/test/remedies/plain.parquet")
    return project


def jobs(project):
    """What would run for the table of the remedies."""
    return project.would_run("results/test/remedies/plain.parquet")


def test_the_table_has_a_row_for_each_setting_on_the_frames_of_each_network(made):
    results = made.folder / "results" / "test"
    found = pl.read_parquet(results / "remedies" / "plain.parquet", glob=False)
    assert found.schema == REMEDIES
    settings = found.select("remedy", "setting", "protocol").unique().sort("remedy", "setting").rows()
    assert settings == [("choice", 2, "crop"), ("mean", 1, "crop"), ("mean", 2, "crop")]
    mac = found.filter(measure="mac", condition="all", remedy="mean")
    assert mac["difference"][0] == 0
    assert mac["n_images"].to_list() == [10, 10]
    assert mac["n_pairs"].to_list() == [30, 30]  # of 5 frames, 4 have another one behind them
    scores = [pl.read_parquet(path, glob=False) for path in sorted(results.glob("frames/*/*/*/scores.parquet"))]
    assert [score.schema for score in scores] == [SCORES, SCORES]
    assert sum(map(len, scores)) == 50
    assert not list(results.glob("frames/centre/*/*/scores.parquet"))
    assert jobs(made) == {}


def test_another_remedy_runs_no_network_again(made):
    made.configure(config(MEAN | CHOICE | {"more": {"kind": "average", "over": "probabilities", "counts": [3]}}))
    rerun = jobs(made)
    made.configure(config(MEAN | CHOICE))
    assert rerun == {"answer_remedies": 1}


def test_what_is_edited_is_what_runs_again(made):
    made.edit("src/shiftscope/remedies/average.py", "total / count", "total * 1 / count")
    assert jobs(made) == {"answer_remedies": 1}
    made.edit("src/shiftscope/remedies/average.py", "total * 1 / count", "total / count")
    made.edit("src/shiftscope/remedies/scores.py", "STRIP = 32", "STRIP = 16")
    assert jobs(made) == {"scores": 2, "answer_remedies": 1}
    made.edit("src/shiftscope/remedies/scores.py", "STRIP = 16", "STRIP = 32")
    assert jobs(made) == {}


def test_without_remedies_none_of_it_is_made(made):
    made.configure(config({}))
    rerun = made.would_run()
    made.configure(config(MEAN | CHOICE))
    assert not {"scores", "answer_remedies"} & set(rerun)
    assert {"scores", "answer_remedies"} <= set(made.would_run("--forceall"))
