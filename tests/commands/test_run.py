"""`shiftscope run`: the command that it prints, from wherever it is called, and what it does with mistakes."""

import shlex
from pathlib import Path

import pytest
import yaml

from shiftscope.cli import main
from shiftscope.commands.run import run
from shiftscope.workflow import command
from shiftscope.workflow.command import snakemake

ROOT = Path(__file__).parents[2]
FEW = {"datasets": {"digits": {"kind": "digits", "framing": "centred", "split": "test", "count": 12}}}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(FEW))
    return tmp_path


def test_elsewhere_the_snakefile_is_named(elsewhere):
    words = snakemake("mine.yaml", ["bias"], ["--cores", "2"])
    assert words == [
        "snakemake",
        "bias",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--configfile",
        "mine.yaml",
        "--cores",
        "2",
    ]


def test_in_the_checkout_it_is_not(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert snakemake("mine.yaml") == ["snakemake", "--configfile", "mine.yaml"]


def test_a_snakefile_of_another_project_is_not_taken_for_ours(elsewhere):
    (elsewhere / "Snakefile").write_text("rule all:\n    shell: 'echo'\n")
    assert "--snakefile" in snakemake("mine.yaml")


@pytest.mark.workflow
def test_it_runs_from_any_folder_and_prints_what_it_runs(elsewhere, capfd):
    assert main(["run", "mine.yaml", "bias", "--", "--dry-run", "--quiet", "host"]) == 0
    said = capfd.readouterr().out
    assert shlex.split(said.splitlines()[0]) == snakemake("mine.yaml", ["bias"], ["--dry-run", "--quiet", "host"])
    assert "box_statistics" in said
    assert not (elsewhere / "results").exists()


@pytest.mark.workflow
def test_its_exit_code_is_that_of_snakemake(elsewhere):
    assert run(Path("mine.yaml"), ["no_such_target"], ["--dry-run", "--quiet", "all"]) != 0


def test_a_config_that_is_not_right_is_said_before_anything_runs(elsewhere, capfd):
    Path("mine.yaml").write_text(yaml.safe_dump({**FEW, "protocls": {}}))
    assert main(["run", "mine.yaml"]) == 1
    said = capfd.readouterr()
    assert "protocls" in said.err
    assert said.out == ""


def test_an_installation_without_the_workflow_says_what_to_do(elsewhere, monkeypatch, capfd):
    monkeypatch.setattr(command, "ROOT", elsewhere)
    assert main(["run", "mine.yaml"]) == 1
    assert "installed without its workflow; clone the repository" in capfd.readouterr().err
