"""The digest follows the code that decides numbers, and nothing else."""

import ast
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from shiftscope.engines import engines
from shiftscope.figures import figures
from shiftscope.networks import networks
from shiftscope.protocols import protocols
from shiftscope.resizers import resizers
from shiftscope.sensitivity.measures import measures
from shiftscope.sources import sources
from shiftscope.workflow import fingerprint as original

SCRIPTS = sorted((Path(__file__).parents[2] / "workflow" / "scripts").glob("*.py"))
REGISTRIES = (engines, figures, networks, protocols, resizers, measures, sources)


def of(package):
    """`fingerprint` as it is for this package, which it has not looked at before."""
    spec = importlib.util.spec_from_file_location("fresh_fingerprint", original.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PACKAGE = package
    return module.fingerprint


@pytest.fixture
def tree(tmp_path):
    """A package in the shape of ours, with a fingerprint module of its own that looks at it."""
    package = tmp_path / "shiftscope"
    (package / "sub").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "sub/__init__.py": "from shiftscope.base import one\n",
        "sub/variant.py": "from shiftscope import deep\n",
        "base.py": "def one():\n    '''unnamed.txt'''\n    from shiftscope.late import two  # here\n    return two\n",
        "late.py": "two = 'named.txt'\n",
        "deep.py": "three = 3\n",
        "apart.py": "four = 4\n",
        "named.txt": "a word\n",
        "sub/named.txt": "a word\n",
        "unnamed.txt": "a word\n",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    script = tmp_path / "script.py"
    script.write_text("from shiftscope.sub import one\none()\n")

    return package, script, lambda *modules: of(package)(script, *modules)


@pytest.mark.parametrize("name", ["sub/__init__.py", "base.py", "late.py"])
def test_an_edit_of_what_the_script_reaches_changes_it(tree, name):
    package, _, digest = tree
    before = digest()
    (package / name).write_text((package / name).read_text() + "five = 5\n")
    assert digest() != before


@pytest.mark.parametrize("name", ["apart.py", "deep.py", "sub/variant.py"])
def test_an_edit_of_what_it_does_not_reach_changes_nothing(tree, name):
    package, _, digest = tree
    before = digest()
    (package / name).write_text("five = 5\n")
    assert digest() == before


@pytest.mark.parametrize("name", ["sub/variant.py", "deep.py"])
def test_named_variants_count_with_all_they_import(tree, name):
    package, _, digest = tree
    before = digest("shiftscope.sub.variant")
    assert before != digest()
    (package / name).write_text((package / name).read_text() + "five = 5\n")
    assert digest("shiftscope.sub.variant") != before


def test_comments_docstrings_and_layout_change_nothing(tree):
    package, script, digest = tree
    before = digest()
    (package / "base.py").write_text(
        '"""New."""\n\n\ndef one():\n    "Other."\n\n    from shiftscope.late import two\n    return (two)\n'
    )
    script.write_text("# a comment\n" + script.read_text())
    assert digest() == before


def test_a_file_counts_where_a_module_beside_it_names_it(tree):
    package, _, digest = tree
    before = digest()
    for name in ("unnamed.txt", "sub/named.txt"):  # named in a docstring alone; of the name, in another folder
        (package / name).write_text("another word\n")
    assert digest() == before
    (package / "named.txt").write_text("another word\n")
    assert digest() != before


def test_an_edit_of_the_pages_template_is_one_of_the_rule_report_and_of_no_other(tmp_path):
    package = tmp_path / "shiftscope"
    shutil.copytree(original.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    variants = [entry.module for registry in REGISTRIES for entry in registry]  # all: more than any job uses

    def digests():
        fresh = of(package)
        return {script.stem: fresh(script, *variants) for script in SCRIPTS}

    before = digests()
    template = package / "report" / "page.html.jinja"
    template.write_text(template.read_text().replace("<h2>Networks</h2>", "<h2>The networks</h2>"))
    after = digests()
    assert {name for name in before if after[name] != before[name]} == {"report"}


def test_every_file_of_the_package_belongs_to_a_module():
    """One that no module beside it names would rerun nothing."""
    others = [path for path in original.PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    texts = {
        folder: {
            node.value
            for module in folder.glob("*.py")
            for node in ast.walk(ast.parse(module.read_text()))
            if isinstance(node, ast.Constant)
        }
        for folder in {path.parent for path in others}
    }
    unnamed = {path.name for path in others if path.name not in texts[path.parent]}
    assert len(others) > len(unnamed)
    assert unnamed == {"py.typed", "__init__.pyi"}  # read by type checkers alone


def test_an_edit_of_the_script_changes_it(tree):
    _, script, digest = tree
    before = digest()
    script.write_text(script.read_text() + "one()\n")
    assert digest() != before


def test_it_is_made_without_importing_what_it_reads():
    assert "torch" not in original.__dict__
    assert original.fingerprint(original.__file__) == original.fingerprint(original.__file__)
    assert len(original.fingerprint(original.__file__)) == 16
    assert sys.modules["shiftscope"]
