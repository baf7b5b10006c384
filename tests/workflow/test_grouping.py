"""Data sets that go through different protocols, in one config."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, SMALL

pytestmark = pytest.mark.workflow
DATASETS = {
    "few": {**SMALL["datasets"]["test"], "compare_with": [], "protocols": ["centre"]},
    "many": {**SMALL["datasets"]["test"], "compare_with": [], "protocols": ["crop", "move"]},
    "train": SMALL["datasets"]["train"],
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What a dry run says of each job of inference, by its rule."""
    folder = tmp_path_factory.mktemp("grouping")
    (folder / "groups.yaml").write_text(yaml.safe_dump({**SMALL, "datasets": DATASETS}, sort_keys=False))
    words = ["-n", "--quiet", "host", "--configfile", "groups.yaml", "--set-resources", "infer:slurm_partition=gpu"]
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=True)
    blocks = re.findall(r"^rule (infer\w*):\n(.*?)(?=^\S|\Z)", done.stdout + done.stderr, re.M | re.S)
    return {name: [text for rule, text in blocks if rule == name] for name, _ in blocks}


def test_each_list_of_protocols_has_a_rule_with_a_job_for_each_network_and_shard(planned):
    jobs = len(SMALL["networks"]) * SMALL["shards"]
    assert {name: len(texts) for name, texts in planned.items()} == {"infer_few": jobs, "infer_many": jobs}
    for name, protocols in (("infer_few", ["centre"]), ("infer_many", ["crop", "move"])):
        for text in planned[name]:
            (made,) = re.findall(r"^    output: (.*)$", text, re.M)
            found = re.findall(r"/predictions/(\w+)/\w+/\dof2\.(\w+)", made)
            assert found == [(protocol, ending) for ending in ("parquet", "json") for protocol in protocols]


def test_what_a_profile_says_of_inference_holds_for_all_of_them(planned):
    assert all("slurm_partition=gpu" in text for texts in planned.values() for text in texts)
