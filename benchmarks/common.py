"""What the benchmarks share. Each prints ratios of things measured in one run, alternately, on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import numpy as np
import polars as pl
from PIL import Image

from shiftscope.core import tables
from shiftscope.networks.answers import trial_frames

AS_JOBS = "from shiftscope.core.memory import keep_freed, look_seldom\nkeep_freed(), look_seldom()\n"
"""What all jobs of the workflow begin with that matters for memory (`workflow/job.py`)."""


class Cost(NamedTuple):
    """Seconds of the processor and by the clock, and the largest memory in GB, of one process."""

    cpu: float
    wall: float
    memory: float


def cost(code: str) -> Cost:
    """What it costs to run `code` in a process of its own, as jobs do."""
    start = time.perf_counter()
    with TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, "-c", AS_JOBS + code], stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            said.seek(0)
            raise SystemExit(f"this failed:\n{code}\n{said.read()[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1e6)


def alternately(rounds: int, *what: Callable[[], object]) -> list[list[float]]:
    """Seconds of each, in turn, so that what else the machine does falls on all of them."""
    return alternately_both(rounds, *what)[0]


def alternately_both(rounds: int, *what: Callable[[], object]) -> tuple[list[list[float]], list[list[float]]]:
    """As `alternately`: seconds of the clock, and those that the processor spent on this process and its threads."""
    seconds: list[list[float]] = [[] for _ in what]
    processor: list[list[float]] = [[] for _ in what]
    for _ in range(rounds):
        for place, function in enumerate(what):
            start, spent = time.perf_counter(), time.process_time()
            function()
            seconds[place].append(time.perf_counter() - start)
            processor[place].append(time.process_time() - spent)
    return seconds, processor


def median_ratio(above: list[float], below: list[float]) -> str:
    """Median over rounds of above ÷ below, and its range."""
    ratios = np.array(above) / np.array(below)
    return f"{np.median(ratios):.3g} (rounds {ratios.min():.3g} to {ratios.max():.3g})"


def pictures(folder: Path, count: int, size: int = 400, real: str | None = None) -> pl.DataFrame:
    """tables.IMAGES of `count` pictures: those below the folder `real`, else textures that are written here."""
    if real:
        paths = sorted(path for path in Path(real).rglob("*") if path.suffix.lower() in (".jpeg", ".jpg", ".png"))[:count]
    else:
        paths = [folder / f"{number:04}.png" for number in range(count)]
        for number, path in enumerate(paths):
            Image.fromarray(trial_frames(1, size, number)[0]).save(path)
    rows = [{"image_id": path.stem, "path": str(path), "label": number % 1000} for number, path in enumerate(paths)]
    return tables.table(rows, tables.IMAGES)
