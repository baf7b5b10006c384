"""What the profiles say, and what jobs ask for, without a cluster."""

import re
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml

from shiftscope.workflow.needs import NEEDS, needs

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
BLOCKS = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", RULES, re.M | re.S))
"""What each rule consists of."""
BLOCKS |= {
    script: indent(dedent(block), " " * 4)
    for block, script in re.findall(r"^    rule:\n((?:(?:        .*)?\n)+?.*scripts/(\w+)\.py\"\n)", RULES, re.M)
}
HERE, SLURM = (yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text()) for name in ("default", "slurm"))


def test_every_rule_asks_for_what_the_table_says_and_for_nothing_else():
    with_jobs = {name: block for name, block in BLOCKS.items() if "script:" in block}
    assert set(with_jobs) == set(NEEDS)
    for name, block in with_jobs.items():
        (asked,) = re.findall(r"    resources:\n((?:        .*\n)+)", block)
        assert asked.replace("        gpu=gpus,\n", "") == f'        **needs("{name}"),\n', name


def test_each_attempt_asks_for_twice_as_much():
    for rule, need in NEEDS.items():
        found = needs(rule)
        assert set(found) == {"mem_mb", "runtime"}
        for attempt, times in ((1, 1), (2, 2), (3, 4)):
            assert found["mem_mb"](None, attempt=attempt) == times * need.memory
            assert found["runtime"](None, attempt=attempt) == times * need.minutes


def test_every_job_has_room_for_the_snakemake_around_it():
    """Of the three processes of Snakemake around a script on a cluster, two have been seen to take 0.34 GB."""
    assert min(need.memory for need in NEEDS.values()) >= 2000


def test_the_profile_for_slurm_names_the_rules_that_ask_for_a_gpu():
    asking = {name for name, block in BLOCKS.items() if "gpu=gpus" in block}
    assert len(asking) == 5
    assert set(SLURM["set-resources"]) == asking
    assert len({str(said) for said in SLURM["set-resources"].values()}) == 1


@pytest.mark.parametrize("key", sorted(HERE.keys() - {"cores", "resources"}))
def test_the_profile_for_slurm_repeats_what_it_stands_in_the_place_of(key):
    assert SLURM[key] == HERE[key]


def test_what_a_site_must_change_is_marked_and_stands_at_the_top():
    lines = (ROOT / "profiles/slurm/config.yaml").read_text().splitlines()
    (end,) = [number for number, line in enumerate(lines) if line.startswith("# ---- What holds everywhere")]
    marked = [number for number, line in enumerate(lines) if "SITE" in line]
    assert marked
    assert max(marked) < end
    keys = [line.partition(":")[0] for line in lines[:end] if re.match(r"[a-z]", line)]
    assert keys == ["default-resources", "set-resources", "max-threads", "slurm-status-command", "jobs"]
