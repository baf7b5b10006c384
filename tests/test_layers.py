"""Imports run one way, and nothing heavy is imported before it is used."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "shiftscope"
# Lower ones first; a module may import what is in its own layer or below.
LAYERS = [
    {
        "errors",
        "registry",
        "options",
        "settings",
        "files",
        "randomness",
        "progress",
        "job",
        "fingerprint",
        "tables",
        "statistics",
        "uniformity",
    },
    {
        "pictures",
        "films",
        "classes",
        "tars",
        "archives",
        "downloads",
        "voc_xml",
        "resizers",
        "protocols",
        "sources",
        "networks",
        "engines",
    },
    {"fetch", "dataset", "annotations", "frames", "prepare", "training", "inference", "aggregate"},
    {"sensitivity", "cause", "bias", "remedies"},
    {"figures", "report"},
    {"config"},
    {"plan", "manual"},
    {"commands"},
    {"cli"},
]
LAYER = {name: height for height, names in enumerate(LAYERS) for name in names}
APART = {  # a row may not import what it lists, of the same layer or not
    "protocols": {"networks", "engines", "sources"},
    "sources": {"networks", "engines", "protocols"},
    "inference": {"protocols", "sources", "training"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"shiftscope.{alias.name}" for alias in node.names] if node.module == "shiftscope" else [node.module]
            )


def part(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    own = part(path)
    if own == "__init__":
        return
    for name in imports(path):
        first, *rest = name.split(".")
        assert first != "snakemake"
        if first == "shiftscope" and rest and rest[0] != "__version__":
            assert LAYER[rest[0]] <= LAYER[own], f"{own} imports {rest[0]}, which is above it"
            assert rest[0] not in APART.get(own, ()), f"{own} knows nothing of {rest[0]}"


def test_reading_the_workflow_imports_nothing_heavy():
    code = (
        "import sys, shiftscope.workflow.plan\n"
        "heavy = {'torch', 'torchvision', 'timm', 'scipy', 'sklearn', 'matplotlib', 'pycocotools', 'snakemake', 'openvino', 'cv2', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_scripts_are_named_after_their_rules():
    rules = {
        line.split()[1].rstrip(":") if not line.startswith("use") else line.split()[4]
        for path in (ROOT / "rules").glob("*.smk")
        for line in path.read_text().splitlines()
        if line.startswith(("rule ", "use rule "))
    }
    targets = {"bias"}
    assert {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")} == rules - targets - {"protocol_figure"}


def test_scripts_have_no_logic():
    for path in (ROOT / "workflow" / "scripts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.If | ast.Try), path


def test_the_two_lists_of_dependencies_agree():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in environment if isinstance(entry, dict)]
    assert [line for line in pip if not line.startswith("-")] == project["dependencies"]
    (python,) = [entry for entry in environment if isinstance(entry, str) and entry.startswith("python ")]
    assert python.split(maxsplit=1)[1] == project["requires-python"]


def test_what_is_pinned_is_what_is_asked_for():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pinned = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for text in asked:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[wanted.name.lower()]), text


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
