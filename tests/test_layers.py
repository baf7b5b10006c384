"""Imports run one way, and nothing heavy is imported before it is used."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .pinned import PINS, read_pins

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "shiftscope"
DOCUMENT = ROOT / "docs" / "architecture.md"
APART = {"stages.infer": {"protocols", "sources"}}  # below it, and yet not reached through any import


def layers():
    """The table in docs/architecture.md, from the doors down: the names in the first cell of each row."""
    rows = re.search(r"^## Layers$.*?^\| --- \|.*?\n(.*?)\n\n", DOCUMENT.read_text(), re.M | re.S)[1].splitlines()
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in rows]


HEIGHT = {name: -number for number, names in enumerate(layers()) for name in names}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(path):
    """Dotted names of what a file imports, inside functions and for type checkers too; of ours down to what is imported."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide what is imported"
            ours = node.module.partition(".")[0] == PACKAGE.name
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if ours else [node.module]


def imported_modules(path):
    """Those of ours, without the package's name in front; ``from a import b`` is a.b where that is a module, else a."""
    for name in imports(path):
        first, _, own = name.partition(".")
        if first == PACKAGE.name:
            yield own if own in MODULES else own.rpartition(".")[0]


def reached(name):
    """All modules of ours that one imports, directly or through others."""
    found, waiting = set(), [name]
    while waiting:
        new = set(imported_modules(MODULES[waiting.pop()])) - found
        found |= new
        waiting += new
    return found


def breaches(name, imported):
    """What is wrong with a module of this name that imports these modules."""
    own = name.partition(".")[0]
    for other in sorted(imported):
        package = other.partition(".")[0]
        if not package or package == own:
            continue
        if HEIGHT[package] >= HEIGHT[own]:
            yield f"{name} imports {other}, which is {'above' if HEIGHT[package] > HEIGHT[own] else 'beside'} it"


@pytest.mark.parametrize("name", [name for name in MODULES if name], ids=str)
def test_imports_run_one_way(name):
    path = MODULES[name]
    assert not list(breaches(name, imported_modules(path)))
    assert "snakemake" not in {imported.partition(".")[0] for imported in imports(path)}


def test_upward_and_sideways_imports_are_found():
    (upward,) = breaches("core.files", ["data.pictures"])
    (sideways,) = breaches("sources.voc", ["protocols.crop", "data.pictures"])
    assert "above" in upward
    assert "beside" in sideways


@pytest.mark.parametrize("name", APART)
def test_what_is_apart_is_not_reached(name):
    assert {"engines", "core.tables"} <= reached(name)
    assert not {other for other in reached(name) if other.partition(".")[0] in APART[name]}


def test_no_imports_go_in_a_circle():
    order = TopologicalSorter({name: set(imported_modules(path)) - {name} for name, path in MODULES.items()})
    order.prepare()  # raises CycleError, which names the circle


def test_every_package_stands_in_the_table_once():
    names = [name for row in layers() for name in row]
    here = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()} - {
        "__init__"
    }
    doors = [name for name in names if name not in here]
    assert sorted(set(names) - set(doors)) == sorted(here)
    assert len(names) == len(set(names))
    assert doors == layers()[0]
    assert all((ROOT / name).exists() for name in doors)


def test_at_most_four_modules_stand_at_the_root():
    assert len(list(PACKAGE.glob("*.py"))) <= 4


def test_tests_lie_as_what_they_test():
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))}
    assert folders - {"real", "bad_input", "fuzz"} <= {name.partition(".")[0] for name in MODULES}


def test_the_ways_through_the_code_name_what_is_there():
    mentions = re.findall(r"`([\w/]+\.(?:py|smk))(?:: ([\w, ]+))?`", DOCUMENT.read_text())
    assert len(mentions) > 20
    for file, names in mentions:
        path = next((folder / file for folder in (PACKAGE, ROOT) if (folder / file).is_file()), None)
        assert path, f"there is no {file}"
        defined = set()
        for node in ast.parse(path.read_text()).body if names else ():
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)} | {getattr(node, "name", "")}
        assert set(names.split(", ")) - {""} <= defined, f"{file} does not define all of {names}"


def test_reading_the_workflow_imports_nothing_heavy():
    code = (
        "import sys, shiftscope.workflow.plan\n"
        "heavy = {'torch', 'torchvision', 'timm', 'scipy', 'sklearn', 'matplotlib', 'pycocotools', 'snakemake', 'openvino', 'cv2', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_scripts_are_named_after_their_rules():
    rules = {
        line.split()[1].rstrip(":")
        for path in (ROOT / "rules").glob("*.smk")
        for line in path.read_text().splitlines()
        if line.startswith("rule ")
    }
    targets, of_many_rules = {"bias"}, {"figures", "exports", "infer", "aggregate", "sums"}
    scripts = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    assert scripts == (rules - targets) | of_many_rules


def test_scripts_have_no_logic():
    for path in (ROOT / "workflow" / "scripts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.For) and ast.unparse(node.iter) == "parts":  # of `job_in_parts`
                continue
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.If | ast.Try), path


def test_the_two_lists_of_dependencies_agree():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in environment if isinstance(entry, dict)]
    assert pip == [*project["dependencies"], *project["optional-dependencies"]["photographs"]]
    (python,) = [entry for entry in environment if isinstance(entry, str) and entry.startswith("python ")]
    assert python.split(maxsplit=1)[1] == project["requires-python"]


def test_what_is_pinned_is_what_is_asked_for():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in chain(project["dependencies"], *project["optional-dependencies"].values()):
        wanted = Requirement(text)
        (pin,) = PINS[canonicalize_name(wanted.name)].specifier
        assert pin.operator == "==", text
        assert wanted.specifier.contains(pin.version), text


def test_comments_and_blank_lines_pin_nothing():
    pins = read_pins("# two\n\nA_b==1.2  # why\nc==3 ; python_version < '3'\nd==4.0\n")
    assert {name: str(pin.specifier) for name, pin in pins.items()} == {"a-b": "==1.2", "d": "==4.0"}


def test_only_what_is_safe_is_unpickled():
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "pickle.load", "pickle.loads"):
                assert any(word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in node.keywords), path


def test_there_is_no_lock_of_our_own():
    for path in (ROOT / "src").rglob("*.py"):
        assert not {"fcntl", "msvcrt"} & set(imports(path)), f"{path}: filelock's locks have been tried by others"


def test_no_path_is_read_as_a_pattern():
    """Polars takes brackets and stars in a path for a pattern unless it is told that they are a name."""
    files = [path for folder in ("src", "workflow", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    seen = 0
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and re.fullmatch(r"(pl|polars)\.(read|scan)_\w+", ast.unparse(node.func)):
                seen += 1
                assert any(word.arg == "glob" and ast.unparse(word.value) == "False" for word in node.keywords), (
                    f"{path}, line {node.lineno}: write glob=False"
                )
    assert seen > 10
