"""How fast inference is: against bare forward passes, and against the published way of working.

(a) frames per second of the whole job after start-up ÷ those of bare forward passes over frames that lie in memory, at the
    best batch size, same engine, same threads;
(b) seconds of the published way ÷ seconds of the job, for the eight pairs of nine-frame diagonals: one pair at a time,
    batches of one, two eager forward passes a pair.

    python benchmarks/inference.py [--threads 2] [--images 24] [--rounds 5] [network …]
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as jobs have it: idle threads of two libraries would spin against each other

import numpy as np
import polars as pl
import torch
from common import alternately, median_ratio, pictures
from safetensors.torch import save_file

from shiftscope.core import tables
from shiftscope.data.canvases import read_canvases
from shiftscope.engines import engines
from shiftscope.engines.devices import devices
from shiftscope.networks import IMAGENET_MEAN, IMAGENET_STD, networks
from shiftscope.stages.frames import make_frames
from shiftscope.stages.infer import predict
from shiftscope.stages.prepare import prepare_network

SIZE = 224


def prepared(folder: Path, architecture: str, engine: str, device: str, threads: int) -> tuple[Any, dict[str, Any]]:
    """The network with random weights, as plain torch and as a program with its card."""
    torch.manual_seed(0)
    module = networks["torchvision"].item.model_validate({"architecture": architecture}).build().eval()
    save_file(module.state_dict(), folder / "weights.safetensors")
    prepare_network(
        name=architecture, kind="torchvision", options={"architecture": architecture},
        weights=folder / "weights.safetensors", engine=engine, batch_size=None, device=device, threads=threads, seed=0,
        card_path=folder / "card.json", program_path=folder / "program",
    )  # fmt: skip
    return module, json.loads((folder / "card.json").read_text())


def measure(architecture: str, engine: str, device: str, threads: int, count: int, rounds: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        module, card = prepared(folder, architecture, engine, device, threads)
        images = pictures(folder, count)
        files = {name: folder / f"{name}.parquet" for name in ("canvases", "frames", "skipped")}
        make_frames(
            kind="crop", options={"offsets": "0..8"}, images=images, boxes=None, size=SIZE, seed=0, refuse=True,
            **{f"{name}_path": path for name, path in files.items()},
        )  # fmt: skip
        run = engines[card["engine"]].item().load(folder / "program", card, card["device"], threads)
        canvases = [next(iter(group.values())) for group in read_canvases(files["canvases"])]
        resident = np.stack([canvas[k : k + SIZE, k : k + SIZE] for canvas in canvases for k in range(9)])
        batch = card["batch_size"]
        host = devices[card["device"]].item()

        def bare() -> None:
            for start in range(0, len(resident), batch):
                run(resident[start : start + batch])

        def job() -> None:
            predict(run, host, card, files["canvases"], files["frames"], images, write)

        def write(answers: Iterator[pl.DataFrame]) -> None:
            tables.write(folder / "predictions.parquet", pl.concat(answers), tables.PREDICTIONS)

        mean, std = (torch.tensor(values).view(3, 1, 1).to(card["device"]) for values in (IMAGENET_MEAN, IMAGENET_STD))
        few = canvases[: max(1, count // 6)]
        published_module = module.to(card["device"]).to(memory_format=torch.contiguous_format)

        def published() -> None:
            with torch.no_grad():
                for canvas in few:
                    for k in range(8):
                        answers = []
                        for place in (k, k + 1):
                            window = np.ascontiguousarray(canvas[place : place + SIZE, place : place + SIZE])
                            pixels = torch.from_numpy(window).to(card["device"]).permute(2, 0, 1).float() / 255
                            answers.append(published_module(((pixels - mean) / std)[None]).softmax(1).cpu())
                        assert answers[0].argmax() >= 0

        bare(), job()
        bare_s, job_s, published_s = alternately(rounds, bare, job, published)
        frames = len(resident)
        print(
            f"{architecture}: {card['engine']} on {card['device']}, batches of {batch}, {threads} threads, {frames} frames"
        )
        print(f"  ms a frame: bare {1000 * np.median(bare_s) / frames:.2f}, job {1000 * np.median(job_s) / frames:.2f}")
        print(f"  (a) job ÷ bare, frames per second: {median_ratio(bare_s, job_s)}")
        scaled = [seconds * count / len(few) for seconds in published_s]
        print(f"  (b) published way ÷ job, seconds: {median_ratio(scaled, job_s)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["squeezenet1_0", "mobilenet_v2", "resnet50"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    for architecture in arguments.networks:
        measure(architecture, arguments.engine, arguments.device, arguments.threads, arguments.images, arguments.rounds)


if __name__ == "__main__":
    main()
