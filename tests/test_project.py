"""What strangers look at first says the same everywhere: licence, citation, Python versions, linters, documents."""

import re
import tomllib
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from .conftest import LONGEST

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])


def declared_pythons():
    """Minor versions of Python 3 that `requires-python` lets in."""
    return {f"3.{minor}" for minor in range(40) if f"3.{minor}.0" in SpecifierSet(PROJECT["requires-python"])}


def test_the_licence_is_one():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert PROJECT["license"] == citation["license"] == "Apache-2.0"
    assert PROJECT["license-files"] == ["LICENSE"]


def test_the_citation_is_of_this_version_and_names_both_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert (citation["title"], citation["version"]) == (PROJECT["name"], PROJECT["version"])
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    found = {
        (paper["year"], tuple(author["family-names"] for author in paper["authors"])) for paper in citation["references"]
    }
    assert found == {(2018, ("Azulay", "Weiss")), (2019, ("Azulay", "Weiss"))}
    for part in [citation, *citation["references"]]:
        assert {"title", "authors", "type"} <= part.keys()


def test_every_python_that_is_declared_is_tested_by_ci():
    prefix = "Programming Language :: Python :: 3."
    assert {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if line.startswith(prefix)} == declared_pythons()
    (job,) = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"].values()
    assert set(job["strategy"]["matrix"]["python"]) == declared_pythons()
    commands = {step["run"].partition(" PYTHON=")[0] for step in job["steps"] if "run" in step}
    assert commands == {"make lint", "make test"}


def test_what_pre_commit_runs_is_what_make_lint_runs():
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    linters = set(re.findall(r"\$\(BIN\)/(ruff \w+|snakemake --lint|\w+)", recipe))
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {re.match(r"\.venv/bin/(ruff \w+|snakemake --lint|\w+)", hook["entry"])[1] for hook in local["hooks"]}
    assert linters == hooks
    assert len(linters) == 5
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}  # nothing is downloaded


def test_pins_are_in_the_constraints_alone():
    for line in chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        assert "==" not in line


def links(path):
    return [unquote(target) for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()) if "://" not in target]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path):
    for target in links(path):
        assert (path.parent / target.partition("#")[0]).exists(), target


def test_the_index_lists_every_document():
    index = ROOT / "docs/index.md"
    listed = {(index.parent / target).resolve() for target in links(index)}
    documents = {*DOCUMENTS, *(ROOT / "docs").glob("*.ipynb")}
    assert listed == {path.resolve() for path in documents} - {index.resolve()}


def test_the_tests_that_begin_first_exist():
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []
