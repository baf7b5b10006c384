"""The stage that runs a network on frames. It knows windows on canvases, and does not know what protocol they come from.

One loop serves the processor and every other device. A thread ahead reads canvases and has frames cut; the main thread runs
the network; a thread behind makes tables of what is written and writes them (`engines.devices`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.core.threads import ahead, behind
from shiftscope.engines import engines
from shiftscope.engines.devices import Device, devices
from shiftscope.networks.modules import Run, available
from shiftscope.stages.describing import LOGITS, Summary, summarise, table
from shiftscope.stages.feeding import Batch, Piece, feed

BEHIND = 2
"""How many tables wait at most to be made of what the network answered."""

Write = Callable[[Iterator[pl.DataFrame]], None]
"""What is done with predictions, which come as tables of a few images each."""


def infer(
    *,
    card: dict[str, Any],
    program_path: str | Path,
    canvases_path: str | Path,
    frames_path: str | Path,
    images: pl.DataFrame,
    threads: int,
    keep_logits: bool,
    path: str | Path,
) -> None:
    """Run one network over one shard and write its predictions (tables.PREDICTIONS), complete or not at all.

    Parameters
    ----------
    card, program_path : what `prepare_network` wrote; the card as it was read from JSON.
    canvases_path, frames_path : what `make_frames` wrote for this shard and the network's input size.
    images : columns of `tables.IMAGES`: the shard's pictures with their labels.
    threads : CPU threads.
    keep_logits : whether all logits are written too, as a list of float32 in the column ``logits``; `describe` makes the
        same predictions of them again, on the CPU to the bit. Each row group of the file then holds a few whole images.

    Raises ShiftscopeError where labels and outputs do not match, the device that the network was prepared for is gone, or
    the network's answers are not finite.
    """
    highest = images["label"].max()
    if isinstance(highest, int) and highest >= card["outputs"]:
        raise ShiftscopeError(
            f"network {card['network']} has {card['outputs']} outputs, but the pictures have labels up to {highest}; "
            "give it 'outputs' that match, or pictures of its classes"
        )
    run = load_program(card, program_path, threads)

    def write(pieces: Iterator[pl.DataFrame]) -> None:
        if keep_logits:  # about a hundred times as large as the rest
            tables.write_pieces(path, pieces, LOGITS)
        else:
            tables.write(path, pl.concat([tables.PREDICTIONS.to_frame(), *pieces]), tables.PREDICTIONS)

    device = devices[card["device"]].item()
    predict(run, device, card, canvases_path, frames_path, images, write, keep_logits)


def load_program(card: Mapping[str, Any], path: str | Path, threads: int) -> Run:
    """The network of `card`, from its program at `path`, on the device that it was prepared for.

    Raises ShiftscopeError where that device is not here.
    """
    if card["device"] == "cuda" and available("auto") != "cuda":
        raise ShiftscopeError(
            f"network {card['network']} was prepared on a GPU and this machine has none; run it where there is one, or "
            "prepare it again for the CPU with 'device: cpu'"
        )
    return engines[card["engine"]].item().load(Path(path), dict(card), card["device"], threads)


def predict(
    run: Run,
    device: Device,
    card: Mapping[str, Any],
    canvases_path: str | Path,
    frames_path: str | Path,
    images: pl.DataFrame,
    write: Write,
    keep_logits: bool = False,
) -> None:
    """Have the predictions of a shard (tables.PREDICTIONS) written, in the order of the images.

    Every distinct window goes through the network once, however many frames show it. `run` is the network as the engine
    loaded it for `device`; `write` is called in the thread behind; the other parameters are those of `infer`. Raises
    ShiftscopeError where a logit is not finite.
    """
    frames = tables.read(frames_path, tables.FRAMES).join(
        images.select("image_id", "label"), on="image_id", how="left", maintain_order="left"
    )
    fed = feed(device, canvases_path, frames, card["input_size"], card["batch_size"])
    with closing(ahead(fed)) as items:
        answers = _answers(run, device, items, keep_logits)
        behind(answers, lambda pending: write(_described(device, card, pending, len(frames), keep_logits)), BEHIND)


Pending = tuple[Piece, Any]
"""Rows, and what `Device.begin` gave for their summary."""


def _answers(run: Run, device: Device, items: Iterable[Batch | Piece], keep_logits: bool) -> Iterator[Pending]:
    """Run the network on batches, and begin the summary of each piece once its last batch is under way."""
    xp = device.xp
    logits: list[Any] = []  # of windows that no piece has shown yet
    for item in items:
        if isinstance(item, Batch):
            logits.append(run(device.take(item.frames))[: item.windows])
            continue
        known = xp.concatenate(logits)
        shown, label = device.take(item.given)
        yield item, device.begin(summarise, xp, known[: item.windows], shown, label, keep_logits)
        logits = [known[item.windows :]]


def _described(
    device: Device, card: Mapping[str, Any], answers: Iterator[Pending], frames: int, keep_logits: bool
) -> Iterator[pl.DataFrame]:
    """The tables of the answers, once they have arrived. Raises ShiftscopeError where a logit is not finite."""
    for piece, pending in progress(answers, frames, "frames", lambda answer: len(answer[0].rows)):
        found = Summary(*device.arrived(pending))
        if not found.finite:
            raise ShiftscopeError(
                f"network {card['network']} answers with numbers that are not finite, within the images "
                f"{piece.rows['image_id'][0]} … {piece.rows['image_id'][-1]}; look at its weights"
            )
        yield table(piece.rows, found, piece.shown, keep_logits)
