"""A digest of the code that decides a job's numbers.

Snakemake sees a script's date and no imported package at all. So every rule has a parameter with the digest of its script
and of the modules of shiftscope that the script reaches, over the syntax tree without docstrings and comments: an edit that
changes numbers reruns the rule, an edit to a comment, a `touch` or a fresh checkout does not. A file that is no module,
such as a page's template, belongs to the modules in its folder that name it: all of its bytes count.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache  # of ten thousand jobs only some dozens differ in their script or variants
def fingerprint(script: str | Path, *modules: str) -> str:
    """Digest of `script`, of `modules` (dotted names: the variants that a registry will find for it) and of all modules of
    shiftscope that they import, directly or not, inside functions too, and of the other files of the package that they
    name. 16 hexadecimal digits."""
    reached: dict[str, str] = {}
    waiting = [*_parsed(Path(script))[1], *modules]
    while waiting:
        name = waiting.pop()
        if name not in reached and (path := _module_path(name)) is not None:
            reached[name], imported = _parsed(path)
            waiting.extend(imported)
    digest = hashlib.sha256(_parsed(Path(script))[0].encode())
    for name, tree in sorted(reached.items()):
        digest.update(f"\0{name}\0{tree}".encode())
    return digest.hexdigest()[:16]


@cache
def _module_path(name: str) -> Path | None:
    """The file of a module of shiftscope; None for an attribute of a module, or for other people's modules."""
    first, *rest = name.split(".")
    if first != PACKAGE.name:
        return None
    stem = PACKAGE.joinpath(*rest)
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


@cache
def _parsed(path: Path) -> tuple[str, frozenset[str]]:
    """The syntax tree without docstrings as text, with the files beside the module that it names; and the dotted names that
    it imports (attributes of modules too)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            # A text that stands alone is a docstring, of a field as of a function.
            node.body = [line for line in node.body if not _is_text(line)] or [ast.Pass()]
    return ast.dump(tree) + _named_files(tree, path.parent), frozenset(imported)


def _named_files(tree: ast.Module, folder: Path) -> str:
    """Names and sums of the files in `folder`, modules aside, whose name is one of the texts in `tree`."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = sorted(path for path in folder.iterdir() if path.name in texts and path.suffix != ".py" and path.is_file())
    return "".join(f"\0{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in found)


def _is_text(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
