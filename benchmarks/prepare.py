"""How long preparing a network takes: the first of its structure, and one of a structure that was tried before.

Seconds of the clock and, since other work may share the machine, of the processor. Each first case has a folder of choices
of its own, so that nothing is known of what came before.

    python benchmarks/prepare.py [--threads 2] [--rounds 3] [network …]
"""

import argparse
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import numpy as np
import openvino  # noqa: F401
import timm  # noqa: F401
import torch
import torchvision  # noqa: F401
from common import alternately_both, median_ratio
from safetensors.torch import save_file

from shiftscope.networks import networks
from shiftscope.stages.prepare import prepare_network


def measure(name: str, threads: int, rounds: int) -> None:
    with TemporaryDirectory() as folder:
        torch.manual_seed(0)
        weights = Path(folder, "weights.safetensors")
        save_file(networks["torchvision"].item.model_validate({"architecture": name}).build().state_dict(), weights)
        cards = []

        def prepare(choices: Path) -> None:
            prepare_network(
                name=name, kind="torchvision", options={"architecture": name}, weights=weights, engine="auto",
                batch_size=None, device="cpu", threads=threads, seed=0, choices=choices / "{key}.json",
                card_path=Path(folder, "card.json"), program_path=Path(folder, "program"),
            )  # fmt: skip
            cards.append(json.loads(Path(folder, "card.json").read_text()))

        fresh = (Path(folder, f"choices{number}") for number in range(rounds + 1))
        prepare(next(fresh))  # to warm up
        known = Path(folder, "choices0")
        seconds, processor = alternately_both(rounds, lambda: prepare(next(fresh)), lambda: prepare(known))
    chosen = [f"{card['engine']} × {card['batch_size']}" for card in cards[:1] + cards[1::2]]
    print(f"{name}, {threads} threads; chosen in turn: {', '.join(chosen)}")
    for word, (first, again) in (("clock", seconds), ("processor", processor)):
        print(
            f"  {word}: first of its structure {np.median(first):.1f} s, tried before {np.median(again):.1f} s; "
            f"ratio {median_ratio(first, again)}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["squeezenet1_0", "resnet18"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.networks:
        measure(name, arguments.threads, arguments.rounds)


if __name__ == "__main__":
    main()
