"""Code stays readable: modules and functions of one sitting, and a docstring on everything that others call."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "shiftscope"
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}
LONGEST_MODULE = 350
LONGEST_FUNCTION = 40
REASON = "# long: "
"""A comment that begins so, on the line before a function or its first decorator, says why the function is longer."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree):
    """All functions and methods, those inside others included."""
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length(function):
    """Lines of a function from ``def`` to its end, its docstring not counted: a full description must not be a burden."""
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(function, clean=False) is not None else 0
    return function.end_lineno - function.lineno + 1 - docstring


def too_long(text):
    """Name and length of every function that is too long and has no reason for it."""
    lines = text.splitlines()
    for function in functions(ast.parse(text)):
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
        before = lines[first - 2].strip() if first > 1 else ""
        excused = before.startswith(REASON) and before.removeprefix(REASON).strip()
        if length(function) > LONGEST_FUNCTION and not excused:
            yield function.name, length(function)


def public(body, prefix=""):
    """Public classes, functions and methods of a module, with their dotted names; classes come before their methods."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


@cache
def documented_methods():
    """Names of the methods that some class documents: where another class overrides one, the docstring is inherited."""
    return {
        name.rpartition(".")[2]
        for path in MODULES.values()
        for name, node in public(ast.parse(path.read_text()).body)
        if "." in name and ast.get_docstring(node)
    }


def undocumented(text, inherited=frozenset()):
    """Dotted names of what is public and has no docstring. `inherited` are the methods that a base class documents."""
    tree = ast.parse(text)
    if tree.body and not ast.get_docstring(tree):
        yield "the module"
    bases = {node.name: bool(node.bases) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for name, node in public(tree.body):
        owner, _, method = name.rpartition(".")
        overrides = method in inherited and bases.get(owner.rpartition(".")[2], False)
        if not ast.get_docstring(node) and not overrides:
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_too_long(name):
    assert len(MODULES[name].read_text().splitlines()) < LONGEST_MODULE


@pytest.mark.parametrize("name", MODULES)
def test_no_function_is_too_long(name):
    assert not list(too_long(MODULES[name].read_text()))


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_has_a_docstring(name):
    assert not list(undocumented(MODULES[name].read_text(), documented_methods()))


NUMERICAL = ("statistics", "sensitivity")
"""Packages in which every public function computes numbers from arrays or tables, and so shows an example that runs."""
FROM_FILES = {
    "coinciding", "comparisons", "curves", "matching", "pictures_of", "binned_in_turn", "read_image_ids", "read_sums", "sensitivity",
    "side", "side_by_value", "side_on", "sum_network", "table", "whole_pictures", "write_sums", "write_draws", "read_draws",
    "read_pictures", "gather_sums", "image_ids_of",
}  # fmt: skip
"""Functions that read or write files, or whose numbers come from files: an example would have to write the files first."""


@pytest.mark.parametrize("name", [name for name in MODULES if name.partition("/")[0] in NUMERICAL])
def test_numerical_functions_have_an_example(name):
    tree = ast.parse(MODULES[name].read_text())
    without = [
        node.name
        for node in tree.body
        if isinstance(node, Function)
        and not node.name.startswith("_")
        and node.name not in FROM_FILES
        and ">>> " not in (ast.get_docstring(node) or "")
    ]
    assert not without


def test_examples_run_with_all_tests():
    settings = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in settings["addopts"].split()
    assert "src" in settings["testpaths"]


LONG = "\n".join(["def much():", *["    pass"] * 41])


def test_a_long_function_is_found_unless_a_reason_is_given():
    assert list(too_long(LONG)) == [("much", 42)]
    assert not list(too_long("# long: one formula\n" + LONG))
    assert list(too_long("# long:\n" + LONG))
    assert list(too_long("# a comment\n" + LONG))
    assert not list(too_long(LONG.replace("    pass\n", "", 2)))
    assert not list(too_long('def little():\n    """' + "\n" * 60 + '    """\n'))


def test_what_has_no_docstring_is_found():
    text = '"""M."""\nclass A(B):\n    """A."""\n    def own(self): ...\n    def base(self): ...\n    def _c(self): ...\ndef f(): ...'
    assert list(undocumented(text, {"base"})) == ["A.own", "f"]
    assert "A.base" in undocumented(text)
