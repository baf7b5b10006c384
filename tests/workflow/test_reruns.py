"""What runs again, and what does not."""

import os
import time

import pytest

pytestmark = [pytest.mark.workflow]

TABLES = {"sensitivity", "comparisons", "curves", "relation", "accuracy_by_surprisal"}
SHOWN = {"figure", "protocol_figure", "report"}


def test_a_finished_run_has_nothing_to_do(finished):
    assert finished.would_run() == {}


def test_a_touch_of_every_file_reruns_nothing(project):
    later = time.time() + 100
    for number, path in enumerate(sorted(project.folder.rglob("*"), key=lambda path: hash(str(path)))):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (later + number, later + number))
    assert project.would_run() == {}


def test_a_fresh_checkout_reruns_nothing(project, finished):
    for path in project.folder.rglob("*"):
        if path.is_file() and path.relative_to(project.folder).parts[0] in ("src", "rules", "workflow", "Snakefile"):
            text = path.read_bytes()
            path.unlink()
            path.write_bytes(text)
    assert project.would_run() == {}


def test_comments_and_docstrings_rerun_nothing(project):
    project.edit("src/shiftscope/stages/infer.py", "BEHIND = 2", "BEHIND = 2  # two")
    project.edit("src/shiftscope/stages/infer.py", '"""Run one network over one shard', '"""Run a network over one shard')
    project.edit("workflow/scripts/infer.py", "import json", "# a comment\nimport json")
    assert project.would_run() == {}


def test_an_edit_of_a_figure_redraws_it_and_the_report(project):
    project.edit("src/shiftscope/figures/heatmap.py", "vmin=0", "vmin=0.1")
    assert project.would_run() == {"protocol_figure": 2, "report": 1}


def test_an_edit_of_a_measure_makes_tables_figures_and_report(project):
    project.edit("src/shiftscope/sensitivity/measures/change.py", "pl.lit(1)", "pl.lit(2)")
    again = project.would_run()
    assert again.pop("sums") == 6
    assert set(again) == TABLES | SHOWN


def test_an_edit_of_a_comparison_sums_no_network_again(project):
    project.edit("src/shiftscope/sensitivity/comparisons.py", '"difference": ', '"difference": 1 * ')
    assert set(project.would_run()) == {"comparisons", "report"}


def test_another_level_of_intervals_sums_no_network_again(project):
    project.configure({**project.config, "statistics": {"resamples": 200, "level": 0.9}})
    again = project.would_run()
    assert set(again) >= TABLES
    assert not {"sums", "aggregate", "infer"} & set(again)


def test_an_edit_of_one_protocol_makes_its_frames_and_what_follows(project):
    project.edit("src/shiftscope/protocols/crop.py", "range(10)", "range(11)")
    again = project.would_run()
    assert (again["frames"], again["infer"], again["aggregate"], again["sums"]) == (2, 4, 2, 2)
    assert not {"train", "network", "download", "images", "box_statistics"} & set(again)


def test_one_more_network_is_its_jobs_and_what_gathers_them(project):
    networks = project.config["networks"]
    third = {**networks["plain"], "mean": [0.5, 0.5, 0.5]}
    project.configure({**project.config, "networks": {**networks, "third": third}})
    again = project.would_run()
    assert (again.pop("train"), again.pop("network"), again.pop("infer"), again.pop("aggregate")) == (1, 1, 6, 3)
    assert again.pop("sums") == 3  # its own, on three protocols
    assert set(again) == TABLES | SHOWN


def test_another_number_of_shards_reruns_no_training(project):
    project.configure({**project.config, "shards": 3})
    again = project.would_run()
    assert (again["frames"], again["infer"]) == (9, 18)
    assert not {"train", "network", "images"} & set(again)


def test_one_network_can_be_run_again_by_itself(finished):
    output = finished.snakemake("model_plain", "-R", "infer", "-n")
    assert finished.would_run("model_plain", "-R", "infer") == {"infer": 6, "aggregate": 3, "sums": 3, "model_plain": 1}
    assert "predictions/crop/plain/1of2.parquet" in output
    assert "blurred" not in output


def test_bias_runs_no_network(finished):
    for path in finished.folder.glob("results/*/bias.parquet"):
        assert path.is_file()
    again = finished.would_run("bias", "-R", "box_statistics")
    assert set(again) == {"box_statistics", "figure", "bias"}
