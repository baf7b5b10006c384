"""The notebook in docs/: each cell runs, in its order."""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def run(source, names):
    """Run a cell; the value of its last line, if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names) if last else None


def test_the_notebook_runs_and_shows_what_it_says():
    names = {}
    shown = [run("".join(cell["source"]), names) for cell in CELLS if cell["cell_type"] == "code"]
    summary, comparisons, figure = shown[-3:]
    assert summary["network"].to_list() == ["maximum", "mean"]
    assert (summary["accuracy"] > 0.5).all()
    assert comparisons.height == 1
    assert comparisons["p_value"][0] is not None
    assert figure.caption


@pytest.mark.parametrize("key", ["outputs", "execution_count"])
def test_it_is_stored_without_what_it_printed(key):
    assert all(not cell[key] for cell in CELLS if cell["cell_type"] == "code")
