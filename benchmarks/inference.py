"""How fast inference is: against bare forward passes, and against the published way of working.

(a) frames per second of the whole job after start-up ÷ those of bare forward passes over frames that lie in the device's
    memory, at the best batch size, same engine, same threads;
(b) seconds of the published way ÷ seconds of the job, for the eight pairs of nine-frame diagonals: one pair at a time,
    batches of one, two eager forward passes a pair, in float32.

Both in seconds of the clock and, where other work shares the machine, in seconds of the processor.

    python benchmarks/inference.py [--threads 2] [--images 48] [--rounds 5] [--precision float32] [network …]
    python benchmarks/inference.py --gpu     # on a machine with CUDA: ResNet-50 and EfficientNet-Lite0, see GPU below
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as jobs have it: idle threads of two libraries would spin against each other

import numpy as np
import polars as pl
import torch
import torchvision
from common import alternately_both, median_ratio, pictures
from numpy.typing import NDArray
from safetensors.torch import save_file

from shiftscope.core import tables
from shiftscope.data.canvases import read_canvases
from shiftscope.engines.devices import Device
from shiftscope.networks import networks
from shiftscope.stages.asking import Batched
from shiftscope.stages.frames import make_frames
from shiftscope.stages.infer import loaded, predict
from shiftscope.stages.prepare import prepare_network

SIZE = 224
GPU = [
    (network, engine, precision)
    for network in ("resnet50", "tf_efficientnet_lite0")
    for engine, precision in (("eager", "float32"), ("compile", "float32"), ("compile", "bfloat16"))
]
"""What `--gpu` measures."""
GPU_IMAGES = 2000
DIFFERENT_PICTURES = 100
"""Pictures that are drawn; more images are these again, under ids of their own, and so with other shifts."""


class Case(NamedTuple):
    """A network that is ready to be measured, and what it is measured on."""

    network: Batched
    card: dict[str, Any]
    plain: Any
    """The same network as plain torch."""
    images: pl.DataFrame
    files: dict[str, Path]
    canvases: list[NDArray[np.uint8]]


def prepared(folder: Path, name: str, arguments: argparse.Namespace) -> Case:
    """A network with random weights, unless a file is given, and the frames of a sliding crop."""
    torch.manual_seed(0)
    kind = "torchvision" if name in torchvision.models.list_models() else "timm"
    options = {"architecture": name, "input_size": SIZE}
    module = networks[kind].item.model_validate(options).build().eval()
    weights = arguments.weights or folder / "weights.safetensors"
    if not arguments.weights:
        save_file(module.state_dict(), weights)
    prepare_network(
        name=name, kind=kind, options=options, weights=weights, engine=arguments.engine, batch_size=None,
        device=arguments.device, threads=arguments.threads, seed=0, precision=arguments.precision,
        card_path=folder / "card.json", program_path=folder / "program",
    )  # fmt: skip
    card = json.loads((folder / "card.json").read_text())
    few = pictures(folder, min(arguments.images, DIFFERENT_PICTURES))
    rows = [{**few.row(k % len(few), named=True), "image_id": f"{k:06}"} for k in range(arguments.images)]
    images = tables.table(rows, tables.IMAGES)
    files = {part: folder / f"{part}.parquet" for part in ("canvases", "frames", "skipped")}
    make_frames(
        kind="crop", options={"offsets": "0..8"}, images=images, boxes=None, size=SIZE, seed=0, refuse=True,
        **{f"{part}_path": path for part, path in files.items()},
    )  # fmt: skip
    canvases = [next(iter(group.values())) for group in read_canvases(files["canvases"])]
    network = loaded(card, folder / "program", arguments.threads)
    return Case(network, card, module, images, files, canvases)


def bare(case: Case) -> Any:
    """Forward passes over frames that are there."""
    device, batch = case.network.device, case.card["batch_size"]
    frames = np.stack([canvas[k : k + SIZE, k : k + SIZE] for canvas in case.canvases for k in range(9)])
    frames = np.concatenate([frames, frames[: -len(frames) % batch]])  # whole batches, as the job has
    held = [device.hold(frames[start : start + batch]) for start in range(0, len(frames), batch)]

    def run() -> None:
        for there in held:
            case.network(there)
        device.wait()

    return run


def job(case: Case, path: Path) -> Any:
    """All that a job does once the network is loaded."""

    def write(answers: Iterator[pl.DataFrame]) -> None:
        tables.write(path, pl.concat(answers), tables.PREDICTIONS)

    return lambda: predict(case.network, case.card, case.files["canvases"], case.files["frames"], case.images, write)


def published(case: Case, few: list[NDArray[np.uint8]], device: Device) -> Any:
    """Two forward passes a pair, one pair after the other."""
    place = case.card["device"]
    mean, std = (torch.tensor(case.card[name]).view(3, 1, 1).to(place) for name in ("mean", "std"))
    module = case.plain.to(place).to(memory_format=torch.contiguous_format)

    def run() -> None:
        with torch.no_grad():
            for canvas in few:
                for k in range(8):
                    answers = []
                    for at in (k, k + 1):
                        window = np.ascontiguousarray(canvas[at : at + SIZE, at : at + SIZE])
                        pixels = torch.from_numpy(window).to(place).permute(2, 0, 1).float() / 255
                        answers.append(module(((pixels - mean) / std)[None]).softmax(1).cpu())
                    assert answers[0].argmax() >= 0
        device.wait()

    return run


def measure(name: str, arguments: argparse.Namespace) -> None:
    with TemporaryDirectory() as folder:
        case = prepared(Path(folder), name, arguments)
        few = case.canvases[: max(1, len(case.canvases) // (100 if arguments.gpu else 6))]
        what = bare(case), job(case, Path(folder, "predictions.parquet")), published(case, few, case.network.device)
        what[0](), what[1]()
        seconds, processor = alternately_both(arguments.rounds, *what)
    card, frames = case.card, 9 * len(case.canvases)
    print(
        f"{name}: {card['engine']} in {card['precision']} on {case.network.device.hardware()}, batches of "
        f"{card['batch_size']}, {arguments.threads} threads, {frames} frames"
    )
    if card["precision"] != "float32":
        print(f"  top class changed on {card['changed_top1']:.3g} of {card['compared']} calibration frames")
    for word, (bare_s, job_s, published_s) in (("clock", seconds), ("processor", processor)):
        if word == "processor" and card["device"] != "cpu":
            continue
        each = [1000 * np.median(found) / frames for found in (bare_s, job_s)]
        print(f"  {word}: ms a frame: bare {each[0]:.3f}, job {each[1]:.3f}")
        print(f"  {word}: (a) job ÷ bare, frames per second: {median_ratio(bare_s, job_s)}")
        scaled = [found * len(case.canvases) / len(few) for found in published_s]
        print(f"  {word}: (b) published way ÷ job: {median_ratio(scaled, job_s)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["squeezenet1_0", "mobilenet_v2", "resnet50"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--weights", type=Path, default=None, help="of the one network; not set: random ones")
    parser.add_argument("--gpu", action="store_true", help="what is to be known of a GPU, with one command")
    arguments = parser.parse_args()
    if arguments.gpu and not torch.cuda.is_available():
        parser.error("--gpu needs a CUDA device that torch can use")
    arguments.images = arguments.images or (GPU_IMAGES if arguments.gpu else 48)
    cases = GPU if arguments.gpu else [(name, arguments.engine, arguments.precision) for name in arguments.networks]
    for name, arguments.engine, arguments.precision in cases:
        measure(name, arguments)


if __name__ == "__main__":
    main()
