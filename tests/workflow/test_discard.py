"""Frames that are discarded: what stays, what is made again for whom, and that nothing is left to do afterwards."""

import shutil

import polars as pl
import pytest

from .conftest import SMALL, Project

pytestmark = pytest.mark.workflow
LOOKED = "made of the same files and parameters as before"
TABLES = tuple(f"results/test/{name}" for name in ("sensitivity.parquet", "remedies.parquet"))
LAYERS = "results/test/layers/move/{}/layers.parquet"
"""Targets for which networks are shown frames, and no figure is drawn."""
FIGURES = tuple(f"results/test/figures/{name}.png" for name in ("crop/gallery", "crop/examples", "move/gallery"))
"""Figures that show frames."""


def config(**more):
    """Two networks that are shown frames, and looked into, and whose crops are chosen by scores."""
    plain = {**SMALL["networks"]["plain"], "train": {"dataset": "train", "epochs": 1, "crop_fraction": 0.8889}}
    same = {key: plain[key] for key in ("kind", "architecture", "options")}
    return {
        **SMALL,
        "frames": "discard",
        "datasets": {
            "train": {**SMALL["datasets"]["train"], "count": 64},
            "test": {**SMALL["datasets"]["test"], "count": 12, "compare_with": []},
        },
        "networks": {"plain": plain, "blurred": {**same, "weights_of": "plain", "sampling": "blurpool"}},
        "protocols": {
            "move": {"kind": "circular", "offsets": "0..3", "crop_fraction": 0.8889},
            "crop": SMALL["protocols"]["crop"],
        },
        "inference": {**SMALL["inference"], "keep_logits": True},
        "cause": {"protocols": ["move"], "layers": "stages", "pictures": 2},
        "remedies": {"choice": {"kind": "crop_selection", "counts": [2], "protocols": ["crop"]}},
        **more,
    }


TARGETS = (*TABLES, *(LAYERS.format(name) for name in config()["networks"]), *FIGURES)


def another(**more):
    """The same with a network more, of the weights of another one."""
    networks = config()["networks"]
    third = {**networks["blurred"], "sampling": "flc"}
    return config(networks={**networks, "third": third}, **more)


def answers(project):
    """The shards of predictions, layers and scores, as Snakemake and the file system see them: name, inode."""
    results = project.folder / "results" / "test"
    paths = [*results.glob("predictions/*/*/*.parquet"), *results.glob("layers/*/*/*.parquet")]
    paths += results.glob("frames/*/*/*/scores.parquet")
    return {path.relative_to(results).as_posix(): path.stat().st_ino for path in paths}


def canvases(project):
    return sorted(project.folder.glob("results/test/frames/*/*/*/canvases.parquet"))


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("discard"))
    project.configure(config())
    project.said = project.snakemake(*TARGETS)
    return project


@pytest.fixture
def project(finished_once, tmp_path):
    copy = Project.__new__(Project)
    copy.folder = tmp_path / "project"
    shutil.copytree(finished_once.folder, copy.folder, symlinks=True)
    return copy


def test_pixels_go_and_what_says_how_they_were_made_stays(finished_once):
    assert canvases(finished_once) == []
    assert finished_once.said.count("Removing temporary output") == 4  # two protocols, two shards
    folder = finished_once.folder / "results" / "test"
    assert len(list(folder.glob("frames/*/64/*of2/frames.parquet"))) == 4
    shown = pl.read_parquet(folder / "predictions" / "crop" / "plain.parquet", glob=False)
    assert len(shown) == 12 * 5
    drawn = {path.stem for path in (folder / "figures" / "crop").glob("*.png")}
    assert drawn == {"curves", "examples", "gallery", "jaggedness"}


def test_nothing_is_left_to_do_afterwards(finished_once):
    assert finished_once.would_run(*TARGETS) == {}
    assert finished_once.would_run("model_plain", "model_blurred") == {}


def test_a_figure_is_drawn_again_without_the_frames_of_all_pictures(project):
    project.edit("src/shiftscope/figures/gallery.py", "FRAMES = 8", "FRAMES = 3")
    assert project.would_run_each(*TARGETS) == {"figures_frames": 1}
    project.snakemake("results/test/figures/crop/gallery.png")
    assert project.would_run(*TARGETS) == {}


def test_keeping_them_from_now_on_runs_nothing(project):
    project.configure(config(frames="keep"))
    assert project.would_run(*TARGETS) == {}


def test_one_more_network_alone_has_frames_made_for_it_alone(project):
    before = answers(project)
    project.configure(another())
    again = project.would_run("model_third")
    assert again == {"frames": 4, "network": 1, "infer": 2, "aggregate": 1, "sums": 1, "layers": 1, "model_third": 1}
    project.snakemake("model_third")
    after = answers(project)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 4 + 3
    assert canvases(project) == []
    rest = project.would_run(*TABLES)
    assert rest["answer_remedies"] == 1
    assert not {"frames", "infer", "scores", "layers", "network", "aggregate"} & set(rest)


def test_one_more_network_among_all_asks_no_other_again(project):
    """Snakemake runs all jobs that look at the frames that are made again; those of which nothing changed leave what is
    there."""
    before = answers(project)
    project.configure(another())
    targets = (*TABLES, *(LAYERS.format(name) for name in another()["networks"]))
    project.snakemake(*targets)
    after = answers(project)
    assert {name: after[name] for name in before} == before
    logs = [path for path in project.folder.glob("results/test/logs/**/*.log") if LOOKED in path.read_text()]
    rules = sorted(path.relative_to(project.folder / "results/test/logs").parts[0] for path in logs)
    left = {"aggregate": 2, "answer_remedies": 2, "infer": 4, "layers": 2, "scores": 2, "sums": 2}
    assert {rule: rules.count(rule) for rule in rules} == left
    assert canvases(project) == []
    assert project.would_run(*targets) == {}


def test_other_frames_are_answered_again(project):
    before = answers(project)
    changed = config()
    changed["protocols"]["crop"] = {**changed["protocols"]["crop"], "offsets": "1..5"}
    project.configure(changed)
    project.snakemake(*TABLES)
    after = answers(project)
    assert {name.split("/")[1] for name in before if after[name] != before[name]} == {"crop"}
    assert all(after[name] != inode for name, inode in before.items() if name.split("/")[1] == "crop")
    assert project.would_run(*TABLES) == {}


def test_a_run_that_kept_its_frames_can_be_told_to_discard_them(finished, tmp_path):
    copy = Project.__new__(Project)
    copy.folder = tmp_path / "project"
    shutil.copytree(finished.folder, copy.folder, symlinks=True)
    there = canvases(copy)
    assert there
    copy.configure({**SMALL, "frames": "discard"})
    assert copy.would_run() == {}
    copy.snakemake("--delete-temp-output")
    assert canvases(copy) == []
    assert copy.would_run() == {}
