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
CHUNK_FRAMES = 256
"""Frames in a chunk, at least. Its last batch may have to be filled up, so it is many batches, but memory sets a limit."""


class Sequences(NamedTuple):
    """The frames of some images: each distinct one once, and which of them each row of `frames` shows."""

    frames: pl.DataFrame
    """image_id, step, value, label, by image and step."""
    pixels: NDArray[np.uint8]
    """(distinct frames, size, size, 3), the last one repeated to a whole number of batches."""
    distinct: int
    """How many of them there are without the repetition."""
    shown: NDArray[np.int64]
    """(rows of frames,): index into `pixels`."""


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

    Raises ShiftscopeError where labels and outputs do not match, the device that the network was prepared for is gone, or
    the network's answers are not finite.
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
    schema = _schema(keep_logits)
    answers = predictions(run, card, canvases_path, frames_path, images, keep_logits)
    tables.write(path, pl.concat([schema.to_frame(), *answers]), schema)


def predictions(
    run: Run,
    card: dict[str, Any],
    canvases_path: str | Path,
    frames_path: str | Path,
    images: pl.DataFrame,
    keep_logits: bool = False,
) -> Iterator[pl.DataFrame]:
    """What `run` says of a shard, a table (tables.PREDICTIONS) for every few images, in their order."""
    frames = tables.read(frames_path, tables.FRAMES).join(
        images.select("image_id", "label"), on="image_id", how="left", maintain_order="left"
    )
    size, batch = card["input_size"], card["batch_size"]
    chunks = _ahead(_sequences(canvases_path, frames, size, batch, max(CHUNK_FRAMES, 4 * batch)))
    for chunk in progress(
        chunks, frames["image_id"].n_unique(), "images", lambda chunk: chunk.frames["image_id"].n_unique()
    ):
        starts = range(0, len(chunk.pixels), batch)
        logits = np.concatenate([run(chunk.pixels[start : start + batch]) for start in starts])[: chunk.distinct]
        if not np.isfinite(logits).all():
            raise ShiftscopeError(
                f"network {card['network']} answers with numbers that are not finite, within the images "
                f"{chunk.frames['image_id'][0]} … {chunk.frames['image_id'][-1]}; look at its weights"
            )
        yield describe(chunk.frames, logits, chunk.shown, keep_logits)


def _sequences(
    canvases_path: str | Path, frames: pl.DataFrame, size: int, batch: int, at_least: int
) -> Iterator[Sequences]:
    """The images of the shard in the order of their canvases, together until they have `at_least` distinct frames: memory
    stays flat and batches stay full. A last batch of another size would make compiled engines compile again."""
    windows: list[NDArray[np.uint8]] = []
    shown: list[int] = []
    first = last = 0
    groups = frames.group_by("image_id", maintain_order=True)
    for (_, rows), canvases in zip(groups, read_canvases(canvases_path), strict=True):
        places: dict[tuple[Any, ...], int] = {}
        for window in rows.select("canvas_id", "window_y", "window_x").iter_rows():
            if window not in places:
                canvas_id, y, x = window
                places[window] = len(windows)
                windows.append(canvases[canvas_id][y : y + size, x : x + size])
            shown.append(places[window])
        last += len(rows)
        if len(windows) >= at_least:
            yield _gathered(frames[first:last], windows, shown, batch)
            windows, shown, first = [], [], last
    if windows:
        yield _gathered(frames[first:last], windows, shown, batch)


def _gathered(frames: pl.DataFrame, windows: list[NDArray[np.uint8]], shown: list[int], batch: int) -> Sequences:
    pixels = np.empty((len(windows) + -len(windows) % batch, *windows[0].shape), np.uint8)
    for place, window in enumerate(windows):
        pixels[place] = window
    pixels[len(windows) :] = windows[-1]
    return Sequences(frames.select("image_id", "step", "value", "label"), pixels, len(windows), np.array(shown))


def _ahead(chunks: Iterator[Sequences]) -> Iterator[Sequences]:
    """Read in a thread of its own, so that the network does not wait for the disk."""
    ready: queue.Queue[Sequences | BaseException | None] = queue.Queue(AHEAD)

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


def describe(
    frames: pl.DataFrame, logits: NDArray[np.float32], shown: NDArray[np.int64], keep_logits: bool = False
) -> pl.DataFrame:
    """Logits as rows of tables.PREDICTIONS.

    Parameters
    ----------
    frames : image_id, step, value, label (null where unknown), by image and step: n rows.
    logits : (distinct frames, outputs).
    shown : (n,): which of the distinct frames each row is about.

    Equal logits are ranked by their index, so that the same frame always gives the same row.
    """
    probabilities = softmax(logits)
    top5 = _largest(logits, min(5, logits.shape[1]))
    columns: dict[str, Any] = {}
    labels = frames["label"].to_numpy().astype(np.float64)  # nan where null
    known = ~np.isnan(labels)
    label = np.where(known, labels, 0).astype(np.int64)
    rows = np.arange(len(shown))
    own = logits[shown, label][:, None]
    earlier = np.arange(logits.shape[1]) < label[:, None]
    rank = 1 + (logits[shown] > own).sum(1) + ((logits[shown] == own) & earlier).sum(1)
    columns["label_prob"] = pl.Series(probabilities[shown, label]).set(pl.Series(~known), None)
    columns["label_rank"] = pl.Series(rank).set(pl.Series(~known), None)
    columns["top5"] = list(top5[shown].astype(np.int32))
    columns["top5_prob"] = list(np.take_along_axis(probabilities, top5, 1)[shown].astype(np.float32))
    follows = frames.select(
        ((pl.col("image_id") == pl.col("image_id").shift(1)) & (pl.col("step") == pl.col("step").shift(1) + 1)).fill_null(
            value=False
        )
    ).to_series()
    before = top5[shown[np.maximum(rows - 1, 0)], 0]
    columns["previous_top1_prob"] = pl.Series(probabilities[shown, before]).set(~follows, None)
    if keep_logits:
        columns["logits"] = list(logits[shown].astype(np.float16))
    table = frames.with_columns(pl.Series(name, values) for name, values in columns.items())
    return table.select(pl.col(name).cast(dtype) for name, dtype in _schema(keep_logits).items())


def _schema(keep_logits: bool) -> pl.Schema:
    return pl.Schema({**tables.PREDICTIONS, "logits": pl.List(pl.Float16)}) if keep_logits else tables.PREDICTIONS


def _largest(logits: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(rows, count): indices of the largest, of equal ones the first. Sorting a thousand takes longer."""
    left = logits.copy()
    found = np.empty((len(logits), count), np.int64)
    for place in range(count):
        found[:, place] = left.argmax(1)
        left[np.arange(len(left)), found[:, place]] = -np.inf
    return found
