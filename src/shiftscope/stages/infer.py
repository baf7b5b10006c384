"""The stage that runs a network on frames. It knows windows on canvases, and does not know what protocol they come from.

One loop serves the processor and every other device. Two threads ahead decode canvases and have frames cut; the main thread
runs the network; a thread behind makes tables of what is written and writes them (`engines.devices`).
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
from shiftscope.stages.asking import Audit, Batched
from shiftscope.stages.describing import LOGITS, Summary, summarise, table
from shiftscope.stages.feeding import Batch, Piece, feed
from shiftscope.stages.running import write_running

BEHIND = 2
"""How many tables wait at most to be made of what the network answered."""

Write = Callable[[Iterator[pl.DataFrame]], None]
"""What is done with predictions, which come as tables of a few images each."""


class Inference:
    """One network, loaded once, that answers on shards of frames, one after the other.

    Parameters
    ----------
    card, program_path : what `prepare_network` wrote; the card as it was read from JSON.
    images : columns of `tables.IMAGES`: the pictures with their labels.
    threads : CPU threads.
    keep_logits : whether all logits are written too, as a list of float32 in the column ``logits``; `describe` makes the
        same predictions of them again, on the CPU to the bit. Each row group of the file then holds a few whole images.
    audit, seed : the share, in [0, 1], of the distinct frames that eager torch answers in float32 as well, and what decides
        which they are.

    Raises ShiftscopeError where labels and outputs do not match, or the device that the network was prepared for is gone.
    """

    def __init__(
        self,
        *,
        card: dict[str, Any],
        program_path: str | Path,
        images: pl.DataFrame,
        threads: int,
        keep_logits: bool,
        audit: float = 0,
        seed: int = 0,
    ) -> None:
        highest = images["label"].max()
        if isinstance(highest, int) and highest >= card["outputs"]:
            raise ShiftscopeError(
                f"network {card['network']} has {card['outputs']} outputs, but the pictures have labels up to {highest}; "
                "give it 'outputs' that match, or pictures of its classes"
            )
        self.card, self.images, self.keep_logits = card, images, keep_logits
        self.audit, self.seed = audit, seed
        self.network = loaded(card, program_path, threads)
        if audit:
            exactly = {**card, "engine": "eager", "precision": "float32"}
            self.reference = loaded(exactly, card["weights"], threads, self.network.device)

    def answer(
        self, *, canvases_path: str | Path, frames_path: str | Path, path: str | Path, running_path: str | Path
    ) -> None:
        """Run the network over one shard and write its predictions (tables.PREDICTIONS), complete or not at all.

        Parameters
        ----------
        canvases_path, frames_path : what `make_frames` wrote for this shard and the network's input size.
        running_path : where it is noted how the network was run (`running.RUNNING`).

        Raises ShiftscopeError where the device has too little memory, or the network's answers are not finite.
        """

        def write(pieces: Iterator[pl.DataFrame]) -> None:
            if self.keep_logits:  # about a hundred times as large as the rest
                tables.write_pieces(path, pieces, LOGITS)
            else:
                tables.write(path, pl.concat([tables.PREDICTIONS.to_frame(), *pieces]), tables.PREDICTIONS)

        checked = Audit(self.reference, self.audit, self.seed) if self.audit else None
        given = (self.network, self.card, canvases_path, frames_path, self.images, write, self.keep_logits, checked)
        write_running(running_path, predict(*given))


def loaded(card: Mapping[str, Any], path: str | Path, threads: int, device: Device | None = None) -> Batched:
    """The network of `card`, from its program at `path`, ready to be asked, on a `device` that is in use already or on a
    new one. Raises ShiftscopeError as `load_program` does."""
    run = load_program(card, path, threads)
    return Batched(run, device or devices[card["device"]].item(), card["batch_size"], card["network"])


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
    network: Batched,
    card: Mapping[str, Any],
    canvases_path: str | Path,
    frames_path: str | Path,
    images: pl.DataFrame,
    write: Write,
    keep_logits: bool = False,
    audit: Audit | None = None,
) -> dict[str, int]:
    """Have the predictions of a shard (tables.PREDICTIONS) written, in the order of the images.

    Every distinct window goes through the network once, however many frames show it. `write` is called in the thread
    behind; the other parameters are those of `Inference`. Returns how the network was run, as `running.RUNNING`. Raises
    ShiftscopeError where a logit is not finite or the device's memory is too small.
    """
    device = network.device
    frames = tables.read(frames_path, tables.FRAMES).join(
        images.select("image_id", "label"), on="image_id", how="left", maintain_order="left"
    )
    fed = feed(device, canvases_path, frames, card["input_size"], card["batch_size"], audit)
    noted = {"frames": len(frames), "windows": 0, "audited": 0, "audited_changed": 0}
    try:
        with closing(ahead(fed)) as items:
            answers = _answers(network, items, keep_logits, audit, noted)
            behind(answers, lambda pending: write(_described(device, card, pending, len(frames), keep_logits)), BEHIND)
        if audit is not None:
            audit.finish()
            noted |= {"audited": audit.audited, "audited_changed": audit.changed}
    except Exception as error:
        if not device.out_of_memory(error):
            raise
        raise ShiftscopeError(
            f"the memory of the {card['device']} is too small for network {card['network']} in batches of "
            f"{network.batch_size} ({str(error).splitlines()[0]}); leave more of it free, or run it elsewhere"
        ) from None
    return noted | {"batch_size": network.batch_size}


Pending = tuple[Piece, Any]
"""Rows, and what `Device.begin` gave for their summary."""


def _answers(
    network: Batched, items: Iterable[Batch | Piece], keep_logits: bool, audit: Audit | None, noted: dict[str, int]
) -> Iterator[Pending]:
    """Run the network on batches, and begin the summary of each piece once its last batch is under way. How many windows
    there were is added to what is `noted`."""
    device = network.device
    logits: list[Any] = []  # of windows that no piece has shown yet
    for item in items:
        if isinstance(item, Batch):
            frames = device.take(item.frames)
            logits.append(network(frames)[: item.windows])
            noted["windows"] += item.windows
            if audit is not None and item.audited is not None:
                audit.see(frames, logits[-1], *device.take(item.audited))
            continue
        known = device.xp.concatenate(logits)
        given = (known[: item.windows], *device.take(item.given), keep_logits)
        yield item, device.begin(summarise, device.xp, *given)
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
