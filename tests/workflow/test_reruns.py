"""What runs again, and what does not."""

import os
import shutil
import time

import pytest

from .conftest import PLAIN, SMALL

pytestmark = [pytest.mark.workflow]
NETWORKS, SHARDS, PROTOCOLS = len(SMALL["networks"]), SMALL["shards"], len(SMALL["protocols"])
GATHERED = {
    "sensitivity",
    "comparisons",
    "curves",
    "relation",
    "accuracy_by_surprisal",
    "figures",
    "report",
    "exports_test",
}
"""What is made of the predictions of all networks."""
LEFT = "made of the same files and parameters as before"
COMPARED = {"network_remedies", "remedies", "augmentation"}
"""What is made of those of the networks that are remedies, and of those that they improve on."""


def test_a_finished_run_has_nothing_to_do(looked_at):
    assert looked_at.would_run() == {}


def test_a_touch_of_every_file_reruns_nothing(project):
    later = time.time() + 100
    for number, path in enumerate(sorted(project.folder.rglob("*"), key=lambda path: hash(str(path)))):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (later + number, later + number))
    assert project.would_run() == {}


def test_a_fresh_checkout_reruns_nothing(project):
    for path in project.folder.rglob("*"):
        if path.is_file() and path.relative_to(project.folder).parts[0] in ("src", "rules", "workflow", "Snakefile"):
            text = path.read_bytes()
            path.unlink()
            path.write_bytes(text)
    assert project.would_run() == {}


def test_comments_and_docstrings_rerun_nothing(project):
    project.edit("src/shiftscope/stages/infer.py", "BEHIND = 2", "BEHIND = 2  # two")
    project.edit("src/shiftscope/stages/infer.py", '"""Run the network over one shard', '"""Run a network over one shard')
    project.edit("workflow/scripts/infer.py", "import json", "# a comment\nimport json")
    assert project.would_run() == {}


def test_an_edit_of_a_figure_redraws_it_and_the_report(project):
    project.edit("src/shiftscope/figures/heatmap.py", "vmin=0", "vmin=0.1")
    assert project.would_run_each() == {"figure_heatmap": 1, "report": 1}


def test_one_figure_is_asked_for_by_its_file_and_needs_no_tables_of_others(project):
    drawn = "results/test/figures/crop/heatmap.png"
    (project.folder / drawn).unlink()
    assert project.would_run_each(drawn) == {"figure_heatmap": 1}
    shutil.rmtree(project.folder / "results" / "test" / "sums")
    (project.folder / "results" / "test" / "sensitivity.parquet").unlink()
    assert project.would_run_each(drawn) == {"figure_heatmap": 1}
    before = {path: path.read_bytes() for path in (project.folder / "results/test/figures").glob("*/heatmap.*")}
    project.snakemake(drawn)
    assert len(before) == 3 * 3 - 1
    assert (project.folder / drawn).is_file()
    assert {path: path.read_bytes() for path in before} == before
    assert project.would_run_each(drawn) == {}


def test_an_edit_of_a_measure_makes_tables_figures_and_report(project):
    project.edit("src/shiftscope/sensitivity/measures/change.py", "pl.lit(1)", "pl.lit(2)")
    again = project.would_run()
    assert again.pop("sums") == NETWORKS
    assert set(again) == {*GATHERED, *COMPARED, "answer_remedies"}


def test_an_edit_of_a_comparison_sums_no_network_again(project):
    project.edit("src/shiftscope/sensitivity/comparisons.py", '"difference": ', '"difference": 1 * ')
    assert set(project.would_run()) == {"comparisons", "report", "exports_test"}


def test_another_level_of_intervals_sums_no_network_again(project):
    project.configure({**SMALL, "statistics": {"resamples": 200, "level": 0.9}})
    again = project.would_run()
    assert set(again) >= GATHERED
    assert not {"sums", "aggregate", "infer"} & set(again)


ANSWERS = ("predictions", "sums", "draws")
MADE_OF_ALL = "results/test/sensitivity.parquet"


def answers(project):
    """The inode of each file that is made of what networks answer, by its protocol. A file that is written anew has another
    one."""
    found = {}
    for name in ANSWERS:
        for path in (project.folder / "results" / "test" / name).rglob("*"):
            if path.is_file() and ".records" not in path.parts:
                protocol = path.relative_to(project.folder / "results" / "test" / name).parts[0]
                found.setdefault(protocol, {})[path.relative_to(project.folder)] = path.stat().st_ino
    return found


def test_a_protocol_more_is_answered_alone(project):
    before = answers(project)
    later = {"kind": "pad", "offsets": "0..2"}
    project.configure({**SMALL, "protocols": {**SMALL["protocols"], "later": later}})
    assert project.would_run_each(MADE_OF_ALL) == {
        "frames": SHARDS,
        "infer": NETWORKS * SHARDS,
        "aggregate": NETWORKS,
        "sums": NETWORKS,
        "sensitivity": 1,
    }
    project.snakemake(MADE_OF_ALL)
    after = answers(project)
    assert len(after.pop("later")) == len(before["crop"])
    assert after == before
    logs = project.folder / "results" / "test" / "logs"
    for said in [log.read_text() for rule in ("infer", "aggregate", "sums") for log in logs.glob(f"{rule}/**/*.log")]:
        assert [line.partition(":")[0] for line in said.splitlines() if LEFT in line] == list(SMALL["protocols"])
        assert "later:\n" in said
    assert project.would_run(MADE_OF_ALL) == {}
    assert not list(project.folder.rglob("*.kept"))


def test_other_settings_of_a_protocol_answer_it_alone_and_by_force_all(project):
    before = answers(project)
    changed = {**SMALL["protocols"]["crop"], "offsets": "1..5"}
    project.configure({**SMALL, "protocols": {**SMALL["protocols"], "crop": changed}})
    project.snakemake(MADE_OF_ALL)
    after = answers(project)
    assert not set(after["crop"].values()) & set(before["crop"].values())
    assert {**after, "crop": 0} == {**before, "crop": 0}
    project.snakemake("results/test/predictions/move/plain.parquet", "-R", "infer")
    by_force = answers(project)
    shards = [path for path in before["move"] if path.parent.name == "plain"]
    assert len(shards) == 2 * SHARDS
    assert all(by_force["move"][path] != after["move"][path] for path in shards)


def test_an_edit_of_one_protocol_makes_its_frames_and_what_follows(project):
    project.edit("src/shiftscope/protocols/crop.py", "range(10)", "range(11)")
    again = project.would_run()
    assert (again["frames"], again["scores"]) == (SHARDS, SHARDS)
    assert (again["infer"], again["aggregate"]) == (NETWORKS * SHARDS, NETWORKS)
    assert again["sums"] == NETWORKS
    assert not {"train", "network", "download", "images", "box_statistics", "layers"} & set(again)


def test_one_more_network_is_its_jobs_and_what_gathers_them(project):
    more = {**PLAIN, "mean": [0.5, 0.5, 0.5]}
    project.configure({**SMALL, "networks": {**SMALL["networks"], "more": more}})
    again = project.would_run()
    assert {rule: count for rule, count in again.items() if rule not in GATHERED} == {
        "train": 1,
        "network": 1,
        "infer": SHARDS,
        "aggregate": 1,
        "sums": 1,
        "layers": 1,
        "answer_remedies": 1,
        "remedies": 1,
    }
    assert set(again) >= GATHERED


def test_another_number_of_shards_reruns_no_training(project):
    project.configure({**SMALL, "shards": 3})
    again = project.would_run()
    assert (again["frames"], again["infer"]) == (PROTOCOLS * 3, NETWORKS * 3)
    assert not {"train", "network", "images"} & set(again)


def test_one_network_can_be_run_again_by_itself(looked_at):
    output = looked_at.snakemake("model_taught", "-R", "infer", "-n")
    assert looked_at.would_run("model_taught", "-R", "infer") == {
        "infer": SHARDS,
        "aggregate": 1,
        "sums": 1,
        "model_taught": 1,
    }
    assert "predictions/crop/taught/1of2.parquet" in output
    assert "blurred" not in output


def test_bias_runs_no_network(looked_at):
    for path in looked_at.folder.glob("results/*/bias.parquet"):
        assert path.is_file()
    again = looked_at.would_run("bias", "-R", "box_statistics")
    assert set(again) == {"box_statistics", "inclusion", "figures", "bias"}
