"""What it costs to look inside a network: all measures of all layers, but for periodicity, which needs no map.

(a) seconds of measuring ÷ seconds of the plain forward passes of the same frames by eager torch, turn by turn;
(b) peak memory of a process that does all of a job, receptive fields and the figure's maps included, with few pictures
    and with many.

Networks have random weights; frames are textures of 100 px moved over 64 places of a canvas of 224 px.

    python benchmarks/layers.py [--networks squeezenet1_0 resnet50] [--pictures 1 4] [--rounds 3] [--threads 1]
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torchvision
from common import alternately, median_ratio
from PIL import Image

from shiftscope.cause.found import Layers
from shiftscope.cause.inside import PICTURES_OF_GRADIENTS, feature_maps, shown_to_network
from shiftscope.cause.layers import find_layers
from shiftscope.cause.measures import measures
from shiftscope.cause.measuring import Sequences, measure_layers
from shiftscope.cause.receptive import geometry
from shiftscope.core import tables
from shiftscope.networks.modules import normalised
from shiftscope.stages.frames import make_frames

SIZE, SHIFTS, BATCH = 224, 64, 8
CHOSEN = frozenset(entry.name for entry in measures) - {"periodicity"}


def sequences(folder: Path, pictures: int) -> Sequences:
    """Textures, moved by 0 … 63 px."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(pictures):
        coarse = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        path = folder / f"{k:03}.png"
        Image.fromarray(coarse).resize((120, 120), Image.Resampling.BICUBIC).save(path)
        rows.append({"image_id": path.stem, "path": str(path), "width": 120, "height": 120})
    paths = {f"{name}_path": folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
    make_frames(
        kind="embed", options={"side": 100, "offsets": list(range(SHIFTS))}, images=tables.table(rows, tables.IMAGES),
        boxes=None, size=SIZE, seed=0, refuse=True, **paths,
    )  # fmt: skip
    return Sequences("embed", [paths["canvases_path"]], [paths["frames_path"]], SIZE, pictures)


def network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return normalised(torchvision.models.get_model(name, weights=None).eval(), (0.5,) * 3, (0.25,) * 3)


def plain(ready: torch.nn.Module, shown: Sequences) -> None:
    with torch.inference_mode():
        for batch in shown.batches(np.arange(SHIFTS), BATCH):
            ready(torch.from_numpy(batch.pixels))


def measure(ready: torch.nn.Module, layers: Layers, shown: Sequences) -> None:
    measure_layers(ready, layers, shown, batch=BATCH, seed=0, level=0.95, chosen=CHOSEN)


def job(name: str, pictures: int) -> None:
    """All that `cause.inside.look_inside` does."""
    ready = network(name)
    inner = ready.get_submodule("network")
    with TemporaryDirectory() as folder:
        shown = sequences(Path(folder), pictures)
        layers = find_layers(inner, SIZE, "all")
        stages = find_layers(inner, SIZE, "stages")
        geometry(inner, stages, shown_to_network(ready, shown.first(PICTURES_OF_GRADIENTS)), seed=0, level=0.95)
        measure_layers(ready, layers, shown, batch=BATCH, seed=0, level=0.95)
        feature_maps(ready, layers, shown)


def cost(name: str, pictures: int, rounds: int) -> None:
    ready = network(name)
    with TemporaryDirectory() as folder:
        shown = sequences(Path(folder), pictures)
        layers = find_layers(ready.get_submodule("network"), SIZE, "all")
        measure(ready, layers, shown)  # imports SciPy, once for a job
        seconds = alternately(rounds, lambda: measure(ready, layers, shown), lambda: plain(ready, shown))
    print(f"{name}: {len(layers.layers)} layers, measuring ÷ plain forward passes: {median_ratio(*seconds)}", flush=True)


def memory(name: str, pictures: int, threads: int) -> float:
    """Peak of a process of its own, GB."""
    command = [sys.executable, __file__, "--only", name, "--pictures", str(pictures), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["squeezenet1_0", "resnet50"])
    parser.add_argument("--pictures", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.only:
        job(given.only, given.pictures[0])
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
        return
    for name in given.networks:
        cost(name, given.pictures[-1], given.rounds)
        peaks = {count: memory(name, count, given.threads) for count in given.pictures}
        print(f"{name}: peak memory: " + ", ".join(f"{count} pictures {peak:.2f} GB" for count, peak in peaks.items()))


if __name__ == "__main__":
    main()
