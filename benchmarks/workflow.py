"""What the workflow costs beside its jobs: reading it, a dry run for 100 networks, a run in which nothing is stale.

python benchmarks/workflow.py [another checkout] [--rounds 3] [--no-op]

Another checkout, such as the one before a change, is measured in turns with this one. `--no-op` first makes a small run to
its end, which takes minutes.
"""

import argparse
import resource
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import yaml
from common import median_ratio
from PIL import Image

ROOT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
NETWORKS, SHARDS = 100, 16
PLAIN = Path(__file__).with_name("plain.smk")


class Spent(NamedTuple):
    """Seconds of the processor and of the clock."""

    user: float
    wall: float


def call(snakefile: Path, folder: Path, *flags: str) -> list[str | Path]:
    """A call of Snakemake in a folder that `written` made."""
    return [SNAKEMAKE, *flags, "-s", snakefile, "-d", folder, "--configfile", folder / "config.yaml"]


def spent(command: list[str | Path]) -> Spent:
    """What a command takes. What it prints is thrown away, as long as it succeeds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr.decode()[-2000:])
    return Spent(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before.ru_utime, wall)


def large() -> dict[str, Any]:
    """A config of 100 networks of timm, whose weights a dry run need not fetch, 6 protocols and 16 shards."""
    sizes = tomllib.loads((ROOT / "src/shiftscope/networks/sizes.toml").read_text(encoding="utf-8"))["timm"]
    names = [name for name in sizes["224"].split() if "." not in name]
    return {
        "shards": SHARDS,
        "datasets": {"photos": {"kind": "folder", "path": "pictures", "classes": "imagenet"}},
        "networks": {
            name: {"kind": "timm", "architecture": name, "pretrained": True}
            for name in names[:: len(names) // NETWORKS][:NETWORKS]
        },
        "protocols": {
            "centre": {},
            "crop": {"offsets": "0..8"},
            "embed-black": {"kind": "embed", "side": 100, "offsets": "0..8"},
            "scale": {"sides": "100..150 by 2", "place": "centre"},
            "subpixel": {},
            "resizers": {},
        },
    }


def small() -> dict[str, Any]:
    """A config whose run ends after some minutes: digits, one network that is trained for an epoch, two protocols."""
    return {
        "shards": 2,
        "datasets": {
            "taught": {"kind": "digits", "split": "train", "count": 100, "evaluate": False},
            "asked": {"kind": "digits", "split": "test", "count": 20},
        },
        "networks": {
            "tiny": {
                "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
                "input_size": 64, "outputs": 10, "train": {"dataset": "taught", "epochs": 1, "crop_fraction": 0.8889},
            }
        },
        "protocols": {
            "centre": {"crop_fraction": 0.8889},
            "crop": {"area": [1, 1], "aspect": [1, 1], "offsets": "0..4"},
        },
        "inference": {"device": "cpu", "threads": 1, "engine": "eager", "batch_size": 16},
        "statistics": {"resamples": 200},
    }  # fmt: skip


def written(folder: Path, config: dict[str, Any]) -> Path:
    """A folder with this config, and with pictures."""
    for wnid in ("n01440764", "n02102040"):
        (folder / "pictures" / wnid).mkdir(parents=True)
        Image.new("RGB", (300, 300)).save(folder / "pictures" / wnid / "one.png")
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return folder


def in_turns(rounds: int, *calls: list[str | Path]) -> list[list[Spent]]:
    """What each call of Snakemake takes, in turns, so that what else the machine does falls on all of them."""
    taken: list[list[Spent]] = [[] for _ in calls]
    for _ in range(rounds):
        for place, call in enumerate(calls):
            taken[place].append(spent(call))
    return taken


def said(name: str, ours: list[Spent], others: list[list[Spent]]) -> None:
    """One line: medians; and where there is another checkout, its medians and the ratio of the processor's seconds."""
    user, wall = np.median(np.array(ours), axis=0)
    line = f"{name}: {user:.2f} s of the processor, {wall:.1f} s of the clock"
    for other in others:
        before = np.median(np.array(other), axis=0)
        line += f"; the other checkout {before[0]:.2f} and {before[1]:.1f}"
        line += f"; ratio {median_ratio([one.user for one in ours], [one.user for one in other])}"
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, nargs="*", help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-op", action="store_true")
    chosen = parser.parse_args()
    snakefiles = [root.resolve() / "Snakefile" for root in (ROOT, *chosen.other)]
    with TemporaryDirectory() as name:
        folder = written(Path(name, "large"), large())
        empty = Path(name, "Snakefile")
        empty.write_text("rule all:\n    input: []\n")

        nothing, ours, *others = in_turns(
            chosen.rounds, *(call(snakefile, folder, "--list-rules") for snakefile in (empty, *snakefiles))
        )
        said("an empty Snakefile read", nothing, [])
        said("the workflow read, for 100 networks", ours, others)

        plain, ours, *others = in_turns(
            chosen.rounds, *(call(snakefile, folder, "-n") for snakefile in (PLAIN, *snakefiles))
        )
        said("dry run for 100 networks, 6 protocols and 16 shards", ours, others)
        said("dry run of the same jobs, Snakemake alone", plain, [])
        print(f"    ours ÷ Snakemake alone: {median_ratio([one.user for one in ours], [one.user for one in plain])}")

        if chosen.no_op:
            folders = [written(Path(name, f"small{number}"), small()) for number in range(len(snakefiles))]
            calls = [call(snakefile, home, "--cores", "2") for snakefile, home in zip(snakefiles, folders, strict=True)]
            in_turns(1, *calls)
            ours, *others = in_turns(chosen.rounds, *calls)
            said("nothing is stale, in a small run", ours, others)


if __name__ == "__main__":
    main()
