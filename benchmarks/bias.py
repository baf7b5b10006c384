"""How long statistics of boxes take, and what memory: on synthetic boxes, or those of a file.

(a) seconds and peak memory of all statistics of a file as large as Open Images' (15 million boxes, 600 classes);
(b) seconds of groups taken one by one with SciPy's own functions ÷ ours, on boxes as many as ImageNet's (544,546, 1000
    classes): Kolmogorov–Smirnov, Wasserstein and its bootstrap over pictures. The slow way is timed on some of the classes,
    and only for the quantities of one dimension. Groups are pandas' where it is installed, a plain loop's where not;
(c) seconds of the processor and peak memory of the jobs that make tables of framing, of boxes as many as those of
    ImageNet's validation pictures (80,477, 1000 classes), or those of a `boxes.parquet`; `framing_comparison` compares
    every other picture with the rest. Other checkouts, such as the one before a change, do the same in turns, and the
    numbers are compared.

    python benchmarks/bias.py [--boxes 15000000] [--classes 600] [--against 544546] [--slow 10] [--rounds 3] [--only a|b|c]
        [--file boxes.parquet] [--before another/checkout]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import polars as pl
from common import median_ratio
from scipy import stats

from shiftscope.bias.boxes import TESTS, box_statistics

RESAMPLES = 500


def write(path: Path, n: int, classes: int, per_picture: float, *, even: bool) -> None:
    """Boxes near the middle of their pictures, in the order of the pictures; written in parts, so that they need no memory.

    Classes are as frequent as their rank says (1/rank) unless `even`.
    """
    rng = np.random.default_rng(0)
    share = np.ones(classes) if even else 1 / np.arange(1, classes + 1)
    parts = []
    at_once = 1_000_000
    for k, start in enumerate(range(0, n, at_once)):
        m = min(at_once, n - start)
        picture = np.sort(rng.integers(0, max(1, round(m / per_picture)), m)) + k * at_once
        size = rng.uniform(0.05, 0.9, (2, m))
        low = rng.beta(1.3, 1.3, (2, m)) * (1 - size)
        corners = np.round(np.concatenate([low, low + size]) * 1000)
        parts.append(path.with_name(f"{k}.parquet"))
        pl.DataFrame(
            {
                "image_id": pl.Series(picture).cast(pl.String).str.zfill(16),
                "category": pl.Series(rng.choice(classes, m, p=share / share.sum())).cast(pl.String).str.zfill(5),
                **dict(zip(("x_min", "y_min", "x_max", "y_max"), corners, strict=True)),
                "image_width": pl.Series(np.full(m, 1000), dtype=pl.Int32),
                "image_height": pl.Series(np.full(m, 1000), dtype=pl.Int32),
                "is_crowd": np.zeros(m, bool),
                "is_truncated": np.zeros(m, bool),
                "is_difficult": np.zeros(m, bool),
            }
        ).write_parquet(parts[-1])
    pl.scan_parquet(parts, glob=False).sink_parquet(path)
    for part in parts:
        part.unlink()


def large(path: Path) -> None:
    """In a process of its own, whose peak memory is the statistics'."""
    start = time.perf_counter()
    table = box_statistics(pl.scan_parquet(path, glob=False), seed=0)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"    {table.height} rows: {seconds:.1f} s, peak memory {peak:.2f} GB")


def group_by_group(boxes: pl.DataFrame, chosen: list[str]) -> int:
    """The same numbers of some classes by SciPy's functions: how many were made."""
    try:
        import pandas as pd

        frame = pd.DataFrame({name: boxes[name].to_numpy() for name in boxes.columns if not name.startswith("is_")})
        groups = [(name, group) for name, group in frame.groupby("category") if name in chosen]
    except ImportError:
        groups = [(name, boxes.filter(pl.col("category") == name)) for name in chosen]
    made = 0
    for name, group in groups:
        column = {key: np.asarray(group[key]) for key in group.columns}
        _, picture = np.unique(column["image_id"], return_inverse=True)
        members = np.split(np.argsort(picture, kind="stable"), np.cumsum(np.bincount(picture))[:-1])
        for quantity, null in TESTS:
            if quantity == "centre":
                continue
            axis = "y" if quantity.endswith("y") or quantity == "height" else "x"
            low, high = column[f"{axis}_min"], column[f"{axis}_max"]
            side = column["image_height" if axis == "y" else "image_width"]
            if quantity in ("width", "height"):
                values = (high - low) / side
            elif null == "naive":
                values = (low + high) / 2 / side
            else:
                values = low / np.maximum(side - (high - low), 1)
            values = np.clip(values, 0, 1)
            uniform = (np.arange(len(values)) + 0.5) / len(values)

            def distance(index, values=values, uniform=uniform, members=members):
                drawn = np.concatenate([members[k] for k in np.asarray(index, dtype=int)])
                return stats.wasserstein_distance(values[drawn], uniform)

            stats.kstest(values, "uniform")
            stats.bootstrap(
                (np.arange(len(members)),), distance, n_resamples=RESAMPLES, method="percentile", vectorized=False,
                rng=np.random.default_rng(0),
            )  # fmt: skip
            made += 1
        assert name in chosen
    return made


def against(path: Path, slow: int, rounds: int) -> None:
    boxes = pl.read_parquet(path, glob=False)
    names = boxes["category"].unique().sort().to_list()
    chosen = names[:: max(1, len(names) // slow)][:slow]
    box_statistics(boxes.head(1000), seed=0)  # what is computed once per process
    above, below = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        group_by_group(boxes, chosen)
        above.append((time.perf_counter() - start) * len(names) / len(chosen))
        start = time.perf_counter()
        box_statistics(boxes, seed=0)
        below.append(time.perf_counter() - start)
    try:
        import pandas

        how = f"pandas {pandas.__version__}, groupby"
    except ImportError:
        how = "pandas is not installed: a plain loop over groups"
    print(f"(b) {boxes.height} boxes, {len(names)} classes; {how}, {len(chosen)} classes timed, the others in proportion")
    print(f"    seconds: group by group {np.median(above):.0f}, ours {np.median(below):.1f}")
    print(f"    group by group ÷ ours: {median_ratio(above, below)}")


ROOT = Path(__file__).resolve().parents[1]
JOBS = {"box_statistics": "bias", "inclusion": "inclusion", "framing_comparison": "comparison"}
"""Scripts of the workflow and the names of their outputs, in their order."""
JOB = """
import json, runpy, sys
from contextlib import nullcontext
from types import SimpleNamespace
from shiftscope.workflow import job
job.job = lambda *_: nullcontext()  # no log, no record
script, asked = sys.argv[1:]
named = {name: SimpleNamespace(**of) for name, of in json.loads(asked).items()}
runpy.run_path(script, {"snakemake": SimpleNamespace(**named, log=[None])})
"""
"""A script of the workflow with what Snakemake would give it."""


class Spent(NamedTuple):
    """What a job took."""

    processor: float
    wall: float
    gigabytes: float


def spent(checkout: Path, script: str, folder: Path) -> Spent:
    """One job of a checkout, on the boxes in `folder`, whose table is written below it."""
    home = folder / checkout.name
    home.mkdir(exist_ok=True)
    boxes, other = (str(folder / f"{name}.parquet") for name in ("boxes", "rest"))
    asked = {
        "input": {"boxes": boxes if script != "framing_comparison" else str(folder / "half.parquet"), "other": other,
                  "bias": str(home / "bias.parquet")},
        "output": {JOBS[script]: str(home / f"{JOBS[script]}.parquet")},
        "params": {"seed": 0, "options": {"minimum_n": 20, "level": 0.95}, "inclusion": {}},
    }  # fmt: skip
    start = time.perf_counter()
    path = checkout / "workflow" / "scripts" / f"{script}.py"
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-c", JOB, path, json.dumps(asked)], env=environment)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{path} failed")
    return Spent(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1e6)


def jobs(folder: Path, rounds: int, checkouts: list[Path]) -> None:
    boxes = pl.read_parquet(folder / "boxes.parquet", glob=False)
    half = pl.col("image_id").rank("dense") % 2 == 0
    boxes.filter(half).write_parquet(folder / "half.parquet")
    boxes.filter(~half).write_parquet(folder / "rest.parquet")
    taken: dict[str, dict[Path, list[Spent]]] = {script: {checkout: [] for checkout in checkouts} for script in JOBS}
    for _ in range(rounds):
        for script, of in taken.items():
            for checkout, so_far in of.items():
                so_far.append(spent(checkout, script, folder))
    print(f"(c) {boxes.height} boxes, {boxes['category'].n_unique()} classes, medians of {rounds} rounds")
    whole = {
        checkout: np.sum([[one.processor for one in of[checkout]] for of in taken.values()], 0) for checkout in checkouts
    }
    for script, of in taken.items():
        for checkout, all_rounds in of.items():
            processor, wall, gigabytes = np.median(np.array(all_rounds), axis=0)
            took = f"{processor:.1f} s of the processor, {wall:.1f} of the clock, peak memory {gigabytes:.2f} GB"
            print(f"    {script}, {checkout}: {took}")
    for checkout, seconds in whole.items():
        print(f"    all of them, {checkout}: {np.median(seconds):.1f} s of the processor")
    for other in checkouts[1:]:
        print(f"    this checkout ÷ {other}: {median_ratio(list(whole[checkouts[0]]), list(whole[other]))}")
        for name in JOBS.values():
            print(f"    {name}: {differences(*(folder / root.name / f'{name}.parquet' for root in (checkouts[0], other)))}")


def differences(ours: Path, others: Path) -> str:
    """How far two tables are apart."""
    a, b = (pl.read_parquet(path, glob=False) for path in (ours, others))
    numbers = [name for name, kind in a.schema.items() if kind == pl.Float64]
    if not a.drop(numbers).equals(b.drop(numbers)) or not a.select(pl.col(numbers).is_null()).equals(
        b.select(pl.col(numbers).is_null())
    ):
        return "NOT the same rows"
    largest = max(float(np.nanmax(np.abs(a[name].to_numpy() - b[name].to_numpy()), initial=0)) for name in numbers)
    return f"{a.height} rows, whose numbers differ by {largest:.2g} at most"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--boxes", type=int, default=15_000_000)
    parser.add_argument("--classes", type=int, default=600)
    parser.add_argument("--against", type=int, default=544_546)
    parser.add_argument("--slow", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["a", "b", "c"])
    parser.add_argument("--file", type=Path, help="boxes for (c)")
    parser.add_argument("--before", type=Path, nargs="*", default=[], help="another checkout for (c)")
    parser.add_argument("--large", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.large:
        large(args.large)
        return
    with TemporaryDirectory() as name:
        path = Path(name) / "boxes.parquet"
        if args.only in (None, "a"):
            write(path, args.boxes, args.classes, 8.0, even=False)
            print(f"(a) {args.boxes} boxes, {args.classes} classes", flush=True)
            subprocess.run([sys.executable, __file__, "--large", path], check=True)
        if args.only in (None, "b"):
            write(path, args.against, 1000, 1.06, even=True)
            against(path, args.slow, args.rounds)
        if args.only in (None, "c"):
            if args.file:
                pl.scan_parquet(args.file, glob=False).sink_parquet(path)
            else:
                write(path, 80_477, 1000, 1.61, even=True)
            jobs(path.parent, args.rounds, [ROOT, *(other.resolve() for other in args.before)])


if __name__ == "__main__":
    main()
