"""Docstrings below attributes: what columns of tables and settings of sections mean. Documents are made from them."""

import ast
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent


def below_attributes(declared: type) -> dict[str, str]:
    """The docstrings below the attributes that a class declares itself, by their names, read from its source.

    >>> from shiftscope.core.columns import Column
    >>> below_attributes(Column)
    {'unit': 'Such as ``px``; empty where there is none.'}
    """
    (declaration,) = ast.parse(dedent(getsource(declared))).body
    assert isinstance(declaration, ast.ClassDef)
    found: dict[str, str] = {}
    for line, below in pairwise(declaration.body):
        if not (isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)):
            continue
        if isinstance(line, ast.Assign | ast.AnnAssign):
            name = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
            found[ast.unparse(name)] = cleandoc(str(below.value.value))
    return found
