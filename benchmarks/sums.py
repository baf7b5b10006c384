"""What tables of many networks cost: made-up predictions of 50,000 pictures × 9 steps on one protocol.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/sums.py

The jobs of 10 networks are run, each in a process of its own, as in the workflow. Then the tables of 10, 25, 50 and 100
networks are made: beyond the tenth, networks are copies of the files that the ten jobs have left. Costs are seconds of the
processor, starting Python included, and the largest memory of a process. Snakemake's own share is not in them.
"""

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from common import Cost, cost

from shiftscope.core import tables

STEPS, CLASSES = 9, 1000
JOB = """
from shiftscope.sensitivity.one_network import sum_network
sum_network({predictions!r}, ordered=True, seed=0, n_resamples=2000, sums_path={sums!r}, draws_path={draws!r})
"""
FILES = """
from pathlib import Path
from shiftscope.core import tables
from shiftscope.sensitivity.sides import Files
folder = Path({folder!r})
files = {{("p", f"n{{k}}"): Files(folder / f"sums{{k}}", folder / f"draws{{k}}") for k in range({networks})}}
"""
TABLES = {
    "sensitivity": """
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.estimates import sensitivity
tables.write(folder / "sensitivity", sensitivity(files, level=0.95), SENSITIVITY)
""",
    "curves": """
from shiftscope.sensitivity import CURVES
from shiftscope.sensitivity.estimates import curves
tables.write(folder / "curves", curves({cell: each.draws for cell, each in files.items()}, level=0.95), CURVES)
""",
    "comparisons": """
from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.comparisons import comparisons
found = comparisons(files, seed=0, level=0.95, n_resamples=2000, adjust="holm")
tables.write(folder / "comparisons", found, COMPARISONS)
""",
}


def predictions(pictures: int, network: int) -> pl.DataFrame:
    """A network that changes its answer between 4 and 13 of 100 pairs, and is right on 60 to 90 of 100 pictures."""
    rng, same = np.random.default_rng([1, network]), np.random.default_rng(0)
    rows = pictures * STEPS
    label = same.integers(0, CLASSES, pictures)
    hard = same.random(pictures)  # the same pictures are hard for all networks
    knows = rng.random(pictures) < 1.2 - 0.6 * hard - 0.03 * network
    flips = rng.random((pictures, STEPS)) < (0.04 + 0.01 * network) * (0.5 + hard)[:, None]
    answer = (
        np.where(flips, rng.integers(0, CLASSES, (pictures, STEPS)), np.where(knows, label, label + 1)[:, None]) % CLASSES
    )
    right = (answer == label[:, None]).ravel()
    confidence = rng.beta(3, 1.5, (pictures, 1)) * rng.uniform(0.85, 1, (pictures, STEPS))
    probabilities = confidence.reshape(-1, 1) * np.array([1, 0.1, 0.05, 0.02, 0.01])
    before = np.clip(confidence - rng.exponential(0.05, confidence.shape), 0, 1)
    before[:, 0] = np.nan
    top5 = (answer.reshape(-1, 1) + np.arange(5) * rng.integers(1, 4, (rows, 1))) % CLASSES
    return pl.DataFrame(
        {
            "image_id": np.repeat([f"ILSVRC2012_val_{k:08}" for k in range(pictures)], STEPS),
            "step": np.tile(np.arange(STEPS), pictures),
            "value": np.tile(np.arange(STEPS, dtype=float), pictures),
            "label": np.repeat(label, STEPS),
            "label_prob": np.where(right, confidence.ravel(), 0.01),
            "label_rank": np.where(right, 1, rng.integers(2, 12, rows)),
            "top5": pl.Series(top5).arr.to_list(),
            "top5_prob": pl.Series(probabilities).arr.to_list(),
            "prob_of_previous_top1": pl.Series(before.ravel()).fill_nan(None),
        }
    )


def jobs(folder: Path, pictures: int, networks: int) -> list[Cost]:
    """The jobs of some networks, one after the other."""
    found = []
    for k in range(networks):
        path = folder / "predictions"
        tables.write(path, predictions(pictures, k), tables.PREDICTIONS)
        made = {"predictions": str(path), "sums": str(folder / f"sums{k}"), "draws": str(folder / f"draws{k}")}
        found.append(cost(JOB.format(**made)))
        print(f"network {k + 1}: {found[-1].cpu:.1f} s, {found[-1].memory:.2f} GB", flush=True)
    sizes = [
        sum(path.stat().st_size for path in folder.glob(f"{name}*")) / 1e6 for name in ("predictions", "sums", "draws")
    ]
    print(f"MB of a network: predictions {sizes[0]:.1f}, sums {sizes[1] / networks:.1f}, draws {sizes[2] / networks:.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--networks", type=int, nargs="+", default=[10, 25, 50, 100])
    args = parser.parse_args()
    measured, whole = args.networks[0], args.networks[-1]
    with TemporaryDirectory() as name:
        folder = Path(name)
        of_jobs = jobs(folder, args.pictures, measured)
        each = [one.cpu for one in of_jobs]
        mean = sum(each) / measured
        print(f"a network's job: {mean:.2f} s of the processor ({min(each):.2f} to {max(each):.2f})", flush=True)
        for k in range(measured, whole):
            for what in ("sums", "draws"):
                shutil.copy(folder / f"{what}{k % measured}", folder / f"{what}{k}")
        for networks in args.networks:
            costs = {table: cost(FILES.format(folder=name, networks=networks) + code) for table, code in TABLES.items()}
            gathered = sum(one.cpu for one in costs.values())
            said = ", ".join(f"{table} {one.cpu:.1f} s {one.memory:.2f} GB" for table, one in costs.items())
            print(
                f"{networks} networks: {said}; with their jobs {(networks * mean + gathered) / 60:.1f} minutes", flush=True
            )
        most = max(one.memory for one in (*of_jobs, *costs.values()))
        rows = pl.read_parquet(folder / "comparisons", glob=False).height
        print(f"{rows} rows of comparisons; no process above {most:.2f} GB")


if __name__ == "__main__":
    main()
