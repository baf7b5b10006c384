"""Frames × network → predictions: the one hot loop. It knows windows on canvases, and nothing of protocols."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope import tables
from shiftscope.engines import Run, engines
from shiftscope.errors import ShiftscopeError
from shiftscope.frames import read_canvases
from shiftscope.prepare import available, softmax
from shiftscope.progress import progress

AHEAD = 2
"""Chunks that are read while the network runs."""
CHUNK_FRAMES = 512
"""Frames in a chunk, at least. Its last batch may have to be filled up, so it is many batches, but memory sets a limit."""


class Part(NamedTuple):
    """The frames of one image: each distinct one once, and which of them each step shows."""

    image_id: str
    pixels: NDArray[np.uint8]
    """(distinct frames, size, size, 3)"""
    shown: NDArray[np.int64]
    """(steps,): index into `pixels`"""
    values: list[float]


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

    Raises ShiftscopeError where labels and outputs do not match or the device that the network was prepared for is gone.
    """
    highest = images["label"].max()
    if isinstance(highest, int) and highest >= card["outputs"]:
        raise ShiftscopeError(
            f"network {card['network']} has {card['outputs']} outputs, but the pictures have labels up to {highest}; "
            "give it 'outputs' that match, or pictures of its classes"
        )
    if card["device"] == "cuda" and available("auto") != "cuda":
        raise ShiftscopeError(
            f"network {card['network']} was prepared on a GPU and this machine has none; run it where there is one, or "
            "prepare it again for the CPU with 'device: cpu'"
        )
    run = engines[card["engine"]].item().load(Path(program_path), card, card["device"], threads)
    frames = tables.read(frames_path, tables.FRAMES)
    labels = dict(images.select("image_id", "label").iter_rows())
    parts = _parts(canvases_path, frames, card["input_size"])
    per_chunk = max(CHUNK_FRAMES, 4 * card["batch_size"])
    rows: list[dict[str, object]] = []
    answered = _answers(_ahead(_chunks(parts, per_chunk)), run, card["batch_size"])
    for part, logits in progress(answered, frames["image_id"].n_unique(), "images"):
        rows.extend(describe(part.image_id, logits[part.shown], part.values, labels[part.image_id], keep_logits))
    schema = pl.Schema({**tables.PREDICTIONS, "logits": pl.List(pl.Float16)}) if keep_logits else tables.PREDICTIONS
    tables.write(path, tables.table(rows, schema), schema)


def _parts(canvases_path: str | Path, frames: pl.DataFrame, size: int) -> Iterator[Part]:
    """The images of the shard in the order of their canvases, each a row group."""
    by_image = {str(key[0]): rows for key, rows in frames.group_by("image_id", maintain_order=True)}
    for (image_id, rows), canvases in zip(by_image.items(), read_canvases(canvases_path), strict=True):
        windows = list(rows.select("canvas_id", "window_y", "window_x").iter_rows())
        distinct = {window: place for place, window in enumerate(dict.fromkeys(windows))}
        pixels = np.empty((len(distinct), size, size, 3), np.uint8)
        for (canvas_id, y, x), place in distinct.items():
            pixels[place] = canvases[canvas_id][y : y + size, x : x + size]
        yield Part(image_id, pixels, np.array([distinct[window] for window in windows]), rows["value"].to_list())


def _chunks(parts: Iterator[Part], frames: int) -> Iterator[list[Part]]:
    """Images together until they have `frames` frames: memory stays flat and batches stay full."""
    chunk: list[Part] = []
    for part in parts:
        chunk.append(part)
        if sum(len(one.pixels) for one in chunk) >= frames:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _ahead(chunks: Iterator[list[Part]]) -> Iterator[list[Part]]:
    """Read in a thread of its own, so that the network does not wait for the disk."""
    ready: queue.Queue[list[Part] | BaseException | None] = queue.Queue(AHEAD)

    def read() -> None:
        try:
            for chunk in chunks:
                ready.put(chunk)
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=read, daemon=True).start()
    while (item := ready.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


def _answers(chunks: Iterator[list[Part]], run: Run, batch_size: int) -> Iterator[tuple[Part, NDArray[np.float32]]]:
    """Each image with the logits of its distinct frames, (distinct frames, outputs). Batches cross images."""
    for chunk in chunks:
        pixels = np.concatenate([part.pixels for part in chunk])
        count = len(pixels)
        # A last batch of another size would make compiled engines compile again: fill it up instead.
        short = -count % batch_size
        pixels = np.concatenate([pixels, np.repeat(pixels[-1:], short, axis=0)]) if short else pixels
        starts = range(0, len(pixels), batch_size)
        logits = np.concatenate([run(pixels[start : start + batch_size]) for start in starts])[:count]
        ends = np.cumsum([len(part.pixels) for part in chunk])
        yield from zip(chunk, np.split(logits, ends[:-1]), strict=True)


def describe(
    image_id: str, logits: NDArray[np.float32], values: list[float], label: int | None, keep_logits: bool = False
) -> Iterator[dict[str, object]]:
    """The rows of tables.PREDICTIONS of one image.

    `logits` is (steps, outputs). Equal logits are ranked by their index, so that the same frame always gives the same row.
    """
    probabilities = softmax(logits)
    order = np.argsort(-logits, axis=1, kind="stable")
    for step, (probability, ranked) in enumerate(zip(probabilities, order, strict=True)):
        top5 = ranked[:5]
        row: dict[str, object] = {
            "image_id": image_id,
            "step": step,
            "value": values[step],
            "label": label,
            "label_prob": None if label is None else float(probability[label]),
            "label_rank": None if label is None else int(np.flatnonzero(ranked == label)[0]) + 1,
            "top5": top5.tolist(),
            "top5_prob": probability[top5].tolist(),
            "previous_top1_prob": float(probability[order[step - 1, 0]]) if step else None,
        }
        yield row | ({"logits": logits[step].tolist()} if keep_logits else {})
