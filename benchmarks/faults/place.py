"""A small run in a folder of its own, which faults are done to."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import polars as pl
import polars.selectors as cs
import torch
import yaml
from safetensors.torch import save_file

from shiftscope.core.records import FOLDER, read_record, sha256_of
from shiftscope.networks import networks

ROOT = Path(__file__).parents[2]
TRACKED = ("Snakefile", "environment.yml", "rules", "workflow", "profiles", "config", "src")
NETWORK = {
    "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
    "input_size": 64, "outputs": 10,
}  # fmt: skip
CONFIG = {
    "shards": 2,
    "datasets": {"test": {"kind": "digits", "framing": "centred", "split": "test", "count": 16}},
    "networks": {name: {**NETWORK, "weights": f"{name}.safetensors"} for name in ("one", "two")},
    "protocols": {
        "crop": {"area": [1, 1], "aspect": [1, 1], "offsets": "0..4"},
        "move": {"kind": "circular", "offsets": "0..3", "crop_fraction": 0.8889},
    },
    "inference": {"device": "cpu", "threads": 1, "engine": "eager", "batch_size": 8, "keep_logits": True},
    "statistics": {"resamples": 100},
    "cause": {"protocols": ["move"], "layers": "stages", "pictures": 2},
    "remedies": {"choice": {"kind": "crop_selection", "counts": [2], "protocols": ["crop"]}},
}
TARGETS = [
    f"results/test/{name}"
    for name in (
        "sensitivity.parquet", "curves.parquet", "comparisons.parquet", "remedies.parquet", "bias.parquet",
        "inclusion.parquet", "relation.parquet", "layers/move/one/layers.parquet", "figures/measures.png",
        "figures/box_centres.pdf",
    )
]  # fmt: skip


class Place:
    """A folder with the project, a config, and what the workflow made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def new(cls, folder: Path) -> "Place":
        """A copy of this project, with the weights of two networks, and nothing made yet."""
        for name in TRACKED:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        for seed, name in enumerate(CONFIG["networks"]):
            torch.manual_seed(seed)
            module = networks["timm"].item.model_validate({**NETWORK, "kind": "timm", "weights": "none"}).build()
            save_file({key: value.clone() for key, value in module.state_dict().items()}, folder / f"{name}.safetensors")
        (folder / "run.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
        return cls(folder)

    def copy(self, folder: Path) -> "Place":
        """Another such folder, all dates kept."""
        return Place(Path(shutil.copytree(self.folder, folder, symlinks=True)))

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self.folder / "results"

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

    def start(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Snakemake with these words after those that name the config and the targets, in a process group of its own."""
        command = [*before, sys.executable, "-m", "snakemake", *TARGETS, "--cores", "2", "--configfile", "run.yaml", *words]
        return subprocess.Popen(
            command, cwd=self.folder, env=self._environment(), start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *words: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
        """The exit code of such a run, and what it said."""
        process = self.start(*words, before=before)
        said, _ = process.communicate(timeout=1800)
        return process.returncode, said

    def again(self, *words: str) -> tuple[int, str]:
        """The same command once more, as its own words ask for: after unlocking the folder where a dead run locked it."""
        code, said = self.run(*words)
        if code and "--unlock" in said:
            self.run("--unlock")
            code, said = self.run(*words)
        return code, said

    def verify(self) -> tuple[int, str]:
        """The exit code of `shiftscope verify`, and what it said of the files that were made."""
        code = (
            "import sys; from pathlib import Path\n"
            "from shiftscope.commands import verify; from shiftscope.config import Config\n"
            "found = verify.verify(Config.read(Path('run.yaml')), targets=sys.argv[1:])\n"
            "print('\\n'.join(verify.lines(found, Path('run.yaml')))); sys.exit(bool(found.findings))"
        )
        # A job draws all figures of a family, and not only the one that was asked for.
        drawn = [
            str(path.relative_to(self.folder))
            for paths in self.made().values()
            for path in paths
            if "figures" in path.parts
        ]
        words = [sys.executable, "-c", code, *dict.fromkeys([*TARGETS, *drawn])]
        done = subprocess.run(words, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def made(self) -> dict[str, list[Path]]:
        """The files that jobs made, by their rules."""
        found: dict[str, list[Path]] = {}
        for record in sorted(self.results.rglob(f"{FOLDER}/*.json")):
            path = record.parent.parent / record.stem
            known = read_record(path)
            if path.is_file() and known:
                found.setdefault(known.rule, []).append(path)
        return found

    def readers(self, path: Path) -> list[Path]:
        """The files that were made of a file, directly."""
        name = path.relative_to(self.folder).as_posix()
        everything = [one for paths in self.made().values() for one in paths]
        return [one for one in everything if name in read_record(one).made_of]  # type: ignore[union-attr]

    def followers(self, path: Path) -> list[Path]:
        """The files that were made of a file, directly or not."""
        found: dict[Path, None] = {}
        waiting = [path]
        while waiting:
            new = [one for one in self.readers(waiting.pop()) if one not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return list(found)

    def tables(self) -> dict[str, str]:
        """The digests of all tables and figures. Cards and the like, and columns of times, differ from run to run."""
        paths = [path for path in self.results.rglob("*") if path.suffix in (".parquet", ".png", ".pdf", ".txt")]
        return {path.relative_to(self.results).as_posix(): _digest(path) for path in sorted(paths)}

    def script(self, rule: str, seconds: float = 120) -> int | None:
        """The process of a job of this rule in this folder, once there is one; None where there is none in that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    if (process / "cwd").resolve() == self.folder and any(
                        word.endswith(f".{rule}.py") and ".snakemake" in word for word in words
                    ):
                        return int(process.name)
                except OSError:  # it has ended
                    continue
            time.sleep(0.02)
        return None


def _digest(path: Path) -> str:
    if path.suffix != ".parquet" or ("remedies" not in path.as_posix() and path.stem != "source_files"):
        return sha256_of(path)
    untimed = BytesIO()
    times = cs.starts_with("time_ratio") | cs.by_name("modified", require_all=False)
    pl.read_parquet(path, glob=False).select(~times).write_parquet(untimed)
    return hashlib.sha256(untimed.getvalue()).hexdigest()


def kill(number: int, how: int = signal.SIGKILL) -> None:
    """Send a signal to a process, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(number, how)
