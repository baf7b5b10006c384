"""The digest follows the code that decides numbers, and nothing else."""

import importlib.util
import sys

import pytest

from shiftscope import fingerprint as original


@pytest.fixture
def tree(tmp_path):
    """A package in the shape of ours, with a fingerprint module of its own that looks at it."""
    package = tmp_path / "shiftscope"
    (package / "sub").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "sub/__init__.py": "from shiftscope.base import one\n",
        "sub/variant.py": "from shiftscope import deep\n",
        "base.py": "def one():\n    '''Doc.'''\n    from shiftscope.late import two  # here\n    return two\n",
        "late.py": "two = 2\n",
        "deep.py": "three = 3\n",
        "apart.py": "four = 4\n",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    script = tmp_path / "script.py"
    script.write_text("from shiftscope.sub import one\none()\n")

    def digest(*modules):
        spec = importlib.util.spec_from_file_location("fresh_fingerprint", original.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.PACKAGE = package
        return module.fingerprint(script, *modules)

    return package, script, digest


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
