"""A small run of the whole workflow in a copy of the project, made once; tests look at it and at what would run again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from .apart import apart, may_be_apart

ROOT = Path(__file__).parents[2]
TRACKED = ("Snakefile", "environment.yml", "rules", "workflow", "profiles", "config", "src")
INTERFACES = "interfaces.json"
"""The file beside the small run that lists the network interfaces which were up when it was made."""
PLAIN = {
    "kind": "timm",
    "architecture": "resnet18",
    "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
    "input_size": 64,
    "outputs": 10,
    "train": {"dataset": "train", "epochs": 3, "crop_fraction": 0.8889},
}
SMALL = {
    "shards": 2,
    "datasets": {
        "train": {"kind": "digits", "framing": "centred", "split": "train", "count": 320, "evaluate": False},
        "test": {"kind": "digits", "framing": "centred", "split": "test", "count": 30, "compare_with": ["train"]},
    },
    "networks": {
        # The weights of another network with a filter, a network, and the same one trained with shifts.
        "blurred": {key: PLAIN[key] for key in ("kind", "architecture", "options")}
        | {"weights_of": "plain", "sampling": "blurpool"},
        "plain": PLAIN,
        "taught": PLAIN | {"train": PLAIN["train"] | {"augmentation": "shifts"}, "remedy_of": "plain"},
    },
    "protocols": {
        "centre": {"crop_fraction": 0.8889},
        "crop": {"area": [1, 1], "aspect": [1, 1], "offsets": "0..4"},
        "inpaint": {"kind": "embed", "side": 48, "offsets": "-2..2", "surround": "inpaint", "place": "centre", "axis": "y"},
        "move": {"kind": "circular", "offsets": "0..3", "crop_fraction": 0.8889},
    },
    "inference": {"device": "cpu", "threads": 1, "keep_logits": True},
    "statistics": {"resamples": 200},
    "cause": {"protocols": ["move"], "pictures": 3},
    "remedies": {
        "mean": {"kind": "average", "counts": [1, 2]},
        "choice": {"kind": "crop_selection", "counts": [2], "protocols": ["crop"]},
    },
}


class Project:
    """A copy of the project in a folder of its own, and Snakemake run there."""

    config = SMALL

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in TRACKED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(
                ROOT / name,
                folder / name,
                **({"ignore": shutil.ignore_patterns("__pycache__")} if copy is shutil.copytree else {}),
            )
        self.configure(SMALL)

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The copy that is in a folder already."""
        found = cls.__new__(cls)
        found.folder = folder
        return found

    def copy(self, folder: Path) -> "Project":
        """Another copy, with all that was made in this one, dates kept."""
        return self.at(Path(shutil.copytree(self.folder, folder, symlinks=True)))

    def configure(self, config: dict) -> None:
        (self.folder / "small.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("snakemake")), *arguments, "--cores", "2", "--configfile", "small.yaml"]

    def environment(self) -> dict[str, str]:
        # The copy's library, not the installed one.
        return {**os.environ, "PYTHONPATH": str(self.folder / "src"), "MPLCONFIGDIR": str(self.folder / ".matplotlib")}

    def snakemake(self, *arguments: str, check: bool = True, before: tuple[str, ...] = ()) -> str:
        """What Snakemake prints. `before` is put before its command."""
        command = [*before, *self.command(*arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=1800
        )
        output = done.stdout + done.stderr
        assert not check or done.returncode == 0, output[-6000:]
        return output if check else f"exit {done.returncode}\n{output}"

    def would_run(self, *arguments: str) -> dict[str, int]:
        """Jobs of each rule that a dry run says would run; of the rules that draw figures, together, as ``figures``."""
        found = self.would_run_each(*arguments)
        drawn = {rule: count for rule, count in found.items() if rule.startswith("figures_")}
        rest = {rule: count for rule, count in found.items() if rule not in drawn}
        return rest | ({"figures": sum(drawn.values())} if drawn else {})

    def would_run_each(self, *arguments: str) -> dict[str, int]:
        """Jobs of each rule that a dry run says would run."""
        lines = self.snakemake(*arguments, "-n", "--quiet", "host").splitlines()
        if "Job stats:" not in lines:
            return {}
        found = {}
        for line in lines[lines.index("Job stats:") + 3 :]:
            if not line.strip():
                break
            name, count = line.split()
            found[name] = int(count)
        return {name: count for name, count in found.items() if name not in ("total", "all")}

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text, f"{old!r} is not in {path}"
        (self.folder / path).write_text(text.replace(old, new, 1))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """The small run, finished: one for all workers, so tests must leave it as it was and run nothing in it. Where that is
    permitted, it was made without a network."""
    common = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        common = common.parent
    with FileLock(common / "small.lock"):
        folder = common / "small"
        if folder.exists():
            return Project.at(folder)
        part = common / "small.part"
        shutil.rmtree(part, ignore_errors=True)  # of a worker whose run failed
        part.mkdir()
        Project(part).snakemake(before=apart(INTERFACES) if may_be_apart() else ())
        return Project.at(part.rename(folder))


@pytest.fixture(scope="module")
def looked_at(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished run for a module's tests, each of which writes its config and puts back what it edits."""
    return finished.copy(tmp_path_factory.mktemp("copy") / "project")


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished run that a test may change, dates kept."""
    return finished.copy(tmp_path / "project")
