"""Each pattern of a file stands once."""

import re
from pathlib import Path

from shiftscope.workflow.paths import Paths, filled

ROOT = Path(__file__).parents[2]
ENDINGS = re.compile(r"\"[^\"\n]*\.(parquet|json|safetensors|html|png|pdf|txt|log|tsv)\"")


def test_no_rule_and_no_plan_spells_a_path():
    spelled = {
        path.name: sorted({found[0] for found in ENDINGS.finditer(path.read_text())})
        for path in [*(ROOT / "rules").glob("*.smk"), ROOT / "src/shiftscope/workflow/plan.py", ROOT / "Snakefile"]
    }
    assert {name: found for name, found in spelled.items() if found} == {}
    assert ENDINGS.search(
        (ROOT / "src/shiftscope/workflow/paths.py").read_text()
    )  # what is looked for is there to be found


def test_logs_and_benchmarks_are_called_like_their_rule():
    """`benchmarks/rules.py` adds up by these names."""
    for path in (ROOT / "rules").glob("*.smk"):
        for name, block in re.findall(
            r"^(?:use rule \w+ as|rule) (\w+)(?: with)?:\n(.*?)(?=^\S|\Z)", path.read_text(), re.M | re.S
        ):
            said = re.findall(r"PATHS\.(?:network_)?(?:log|benchmark)\(\"(\w+)", block)
            assert said == ([name, name] if "output:" in block else []), (path.name, name)


def test_no_two_files_are_the_same_whatever_the_names():
    paths = Paths("r")
    patterns = [text for name, text in vars(paths).items() if name != "results"]
    assert len(set(patterns)) == len(patterns) > 15
    for pattern in patterns:
        assert pattern.startswith("r/")
        wildcards = re.findall(r"{(\w+)}", pattern)
        assert len(set(wildcards)) == len(wildcards)


def test_every_combination_is_filled_in_the_last_one_fastest():
    got = filled("{a}/{b}-{c}", a="x", b=[1, 2], c=("p", "q"))
    assert got == ["x/1-p", "x/1-q", "x/2-p", "x/2-q"]
    assert filled("{a}/{b}", a=["x", "y"], b=[]) == []
