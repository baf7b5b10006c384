"""What Snakemake does while jobs run."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

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


def test_snakemake_looks_for_jobs_to_begin_when_one_has_ended_and_not_all_the_time(tmp_path: Path):
    jobs = 5
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(SMALL))
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(common=ROOT / "rules" / "common.smk", jobs=jobs))
    snakemake = Path(sys.executable).with_name("snakemake")
    command = [snakemake, "--cores", "1", "--verbose"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    looks = len(re.findall("^Ready jobs:", done.stderr, re.MULTILINE))
    assert jobs <= looks <= jobs + 1
