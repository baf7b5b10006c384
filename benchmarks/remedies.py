"""Seconds of the remedies that work on answers: made-up logits of 200 pictures × 104 shifts × 1000 classes, written as an
inference job writes them.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/remedies.py [--profile]

Averages of 1, 2, 4, 8 and 16 logits, and crops chosen among 2, 4, 8, 16 and 32, with all measures and intervals; and the
scores of the frames by which crops are chosen, on black (a canvas a picture) and with an inpainted surround (one a frame).
"""

import argparse
import cProfile
import pstats
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from common import pictures

from shiftscope.core import tables
from shiftscope.remedies.answering import answer_remedies
from shiftscope.remedies.scores import SCORES, frame_scores
from shiftscope.stages.describing import LOGITS, describe
from shiftscope.stages.frames import make_frames

PICTURES, STEPS, CLASSES, SIZE = 200, 104, 1000, 224
CARD = {
    "network": "n", "subsampling_stride": 32, "engine": "e", "batch_size": 1,
    "calibration": [{"engine": "e", "batch_size": 1, "ms_per_frame": 10.0}],
}  # fmt: skip


def made_up(folder: Path) -> tuple[Path, Path]:
    """Predictions with logits, which drift from step to step, and scores."""
    rng = np.random.default_rng(0)

    def pieces():
        for first in range(0, PICTURES, 2):
            tables_of = []
            for picture in (first, first + 1):
                drift = np.cumsum(rng.normal(0, 0.2, (STEPS, CLASSES)), 0)
                logits = (2 * rng.normal(0, 1, CLASSES) + drift).astype(np.float32)
                frames = pl.DataFrame(
                    {
                        "image_id": f"{picture:04}", "step": range(STEPS), "value": np.arange(STEPS, dtype=float),
                        "label": int(logits.mean(0).argmax()),
                    },
                    schema_overrides={"step": pl.Int32, "label": pl.Int32},
                )  # fmt: skip
                tables_of.append(describe(frames, logits, np.arange(STEPS), keep_logits=True))
            yield pl.concat(tables_of)

    files = folder / "predictions.parquet", folder / "scores.parquet"
    tables.write_pieces(files[0], pieces(), LOGITS)
    rows = tables.read(files[0], tables.PREDICTIONS).select("image_id", "step")
    tables.write(files[1], rows.with_columns(score=pl.Series(rng.uniform(0, 1, len(rows)))), SCORES)
    return files


Seconds = tuple[float, float]
"""By the clock, and of the processor: they differ where other work runs beside."""


def now() -> Seconds:
    return time.perf_counter(), time.process_time()


def since(start: Seconds) -> Seconds:
    wall, cpu = now()
    return wall - start[0], cpu - start[1]


def said(seconds: list[Seconds]) -> str:
    least, most = min(wall for wall, _ in seconds), max(wall for wall, _ in seconds)
    return f"{least:.1f} s (rounds {least:.1f} to {most:.1f}), of the processor {min(cpu for _, cpu in seconds):.1f} s"


def answers(files: tuple[Path, Path], remedies: list[str]) -> Seconds:
    start = now()
    answer_remedies(
        card=CARD,
        tried=[
            {
                "protocol": "shift",
                "moves": True,
                "remedies": {name: {"kind": name, "options": {}} for name in remedies},
            }
        ],
        predictions=[files[0]],
        scores=[files[1]] if "crop_selection" in remedies else [],
        seed=0,
        level=0.95,
        n_resamples=2000,
    )
    return since(start)


def scores(folder: Path, surround: str) -> Seconds:
    images = pictures(folder, PICTURES)
    files = {name: folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
    make_frames(
        kind="embed",
        options={
            "side": 120, "resize": "longer", "offsets": "-52..51", "axis": "y", "place": "centre", "surround": surround,
        },
        images=images, boxes=None, size=SIZE, seed=0, refuse=False,
        **{f"{name}_path": path for name, path in files.items()},
    )  # fmt: skip
    start = now()
    frame_scores(files["canvases"], files["frames"], SIZE)
    return since(start)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="of the answers alone")
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        files = made_up(Path(name))
        size = files[0].stat().st_size / 1e6
        print(f"{PICTURES} pictures × {STEPS} shifts × {CLASSES} classes: {size:.0f} MB of predictions", flush=True)
        if args.profile:
            profile = cProfile.Profile()
            profile.runcall(answers, files, ["average", "crop_selection"])
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
            return
        for chosen in (["average"], ["crop_selection"], ["average", "crop_selection"]):
            print(f"{' and '.join(chosen)}: {said([answers(files, chosen) for _ in range(args.rounds)])}", flush=True)
        for surround in ("black", "inpaint"):
            frames = PICTURES * STEPS
            print(f"scores of {frames} frames, surround {surround}: {said([scores(Path(name), surround)])}", flush=True)


if __name__ == "__main__":
    main()
