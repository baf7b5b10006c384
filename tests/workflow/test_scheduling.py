"""What Snakemake does while jobs run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shiftscope.config import Config
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

from .conftest import ROOT, SMALL

SNAKEFILE = """
configfile: "small.yaml"
include: "{common}"
rule all:
    default_target: True
    input: expand("{{k}}.txt", k=range({jobs}))
rule wait:
    output: "{{k}}.txt"
    shell: "sleep 1.3; touch {{output}}"
"""


HASHES = """
import hashlib, os
really = hashlib.file_digest
def file_digest(file, algorithm):
    with open(os.environ["HASHES"], "a") as log:
        log.write(str(file.name) + chr(10))
    return really(file, algorithm)
hashlib.file_digest = file_digest
"""
OUTPUTS = """
configfile: "small.yaml"
include: "{common}"
rule all:
    default_target: True
    input: "a.txt", "late.txt"
rule many:
    input: "given.txt"
    output: "a.txt", "b.txt", "c.txt", "d.txt"
    shell: "for each in {{output}}; do cp {{input}} $each; done"
rule late:
    input: "b.txt", "given.txt"
    output: "late.txt", "later.txt"
    shell: "for each in {{output}}; do cat {{input}} > $each; done"
"""


def run(folder: Path, *arguments: str, **environment: str) -> str:
    command = [Path(sys.executable).with_name("snakemake"), "--cores", "1", *arguments]
    env = os.environ | environment
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_snakemake_hashes_each_version_of_a_file_once(tmp_path: Path):
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    (tmp_path / "Snakefile").write_text(OUTPUTS.format(common=ROOT / "rules" / "common.smk"))
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom" / "sitecustomize.py").write_text(HASHES)
    (tmp_path / "given.txt").write_text("first")
    modules = os.pathsep.join([str(tmp_path / "custom"), os.environ.get("PYTHONPATH", "")])
    settings = {"PYTHONPATH": modules, "HASHES": str(tmp_path / "hashes")}
    run(tmp_path, **settings)
    hashed = (tmp_path / "hashes").read_text().split()
    assert sorted(hashed) == ["b.txt", "given.txt"]
    os.utime(tmp_path / "given.txt")
    assert "Nothing to be done" in run(tmp_path, **settings)
    (tmp_path / "given.txt").write_text("other")  # of the same size
    run(tmp_path, **settings)
    assert (tmp_path / "late.txt").read_text() == "otherother"


@pytest.mark.parametrize(("options", "threads"), [({}, 2), ({"limit": 100}, 1), ({"limit": 1_000_000}, 2)])
def test_one_core_is_reserved_for_listing_a_few_pictures_which_holds_up_nothing(tmp_path: Path, options, threads):
    pictures = {"kind": "folder", "path": str(tmp_path), "labels": "none", **options}
    plan = Plan(Config.load({**SMALL, "datasets": {**SMALL["datasets"], "pictures": pictures}}))
    assert Parameters(plan, ROOT / "workflow" / "scripts").listing_threads("pictures") == threads


def test_snakemake_looks_for_jobs_to_begin_when_one_has_ended_and_not_all_the_time(tmp_path: Path):
    jobs = 5
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(common=ROOT / "rules" / "common.smk", jobs=jobs))
    looks = len(re.findall("^Ready jobs:", run(tmp_path, "--verbose"), re.MULTILINE))
    assert jobs <= looks <= jobs + 1
