"""The stage that runs a network on frames. It knows windows on canvases, and does not know what protocol they come from."""

import queue
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.data.canvases import cut, read_canvases
from shiftscope.engines import engines
from shiftscope.networks.answers import powers
from shiftscope.networks.modules import Run, available

T = TypeVar("T")

AHEAD = 4
"""How many batches are read ahead while the network runs."""
ROWS = 256
"""How many frames are made into one table, at least: few enough for the memory, enough to share the cost of a table."""

LOGITS = pl.Schema({**tables.PREDICTIONS, "logits": pl.List(pl.Float32)})
"""The columns of a shard of predictions that keeps all logits. In float16 they would have errors of the size of small mean
absolute changes."""

WINDOW = ["image_id", "canvas_id", "window_y", "window_x"]
"""The columns that decide the pixels of a frame: two rows that agree in them show the same pixels."""


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
        same predictions of them again, to the bit. Each row group of the file then holds a few whole images.

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
    schema = LOGITS if keep_logits else tables.PREDICTIONS
    answers = predictions(run, card, canvases_path, frames_path, images, keep_logits)
    if keep_logits:  # about a hundred times as large as the rest
        tables.write_pieces(path, answers, schema)
    else:
        tables.write(path, pl.concat([schema.to_frame(), *answers]), schema)


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


def predictions(
    run: Run,
    card: dict[str, Any],
    canvases_path: str | Path,
    frames_path: str | Path,
    images: pl.DataFrame,
    keep_logits: bool = False,
) -> Iterator[pl.DataFrame]:
    """The predictions of a shard, as tables (tables.PREDICTIONS) of a few images each, in the order of the images.

    Every distinct window goes through the network once, however many frames show it. `run` is the network as the engine
    loaded it; the other parameters are those of `infer`. Raises ShiftscopeError where a logit is not finite.
    """
    frames = tables.read(frames_path, tables.FRAMES).join(
        images.select("image_id", "label"), on="image_id", how="left", maintain_order="left"
    )
    windows = frames.select(WINDOW).unique(maintain_order=True).with_row_index("place")
    shown = frames.select(WINDOW).join(windows, on=WINDOW, how="left", maintain_order="left")["place"].to_numpy()
    batches = ahead(_batches(canvases_path, windows, card["input_size"], card["batch_size"]))
    logits: list[NDArray[np.float32]] = []
    answered = asked = 0  # windows, up to the last one whose logits were described and were computed
    for start, end in progress(_pieces(frames), len(frames), "frames", lambda piece: piece[1] - piece[0]):
        needed = int(shown[start:end].max()) + 1
        while asked < needed:
            pixels, count = next(batches)
            logits.append(run(pixels)[:count])
            asked += count
        known = np.concatenate(logits)
        piece, logits = known[: needed - answered], [known[needed - answered :]]
        if not np.isfinite(piece).all():
            raise ShiftscopeError(
                f"network {card['network']} answers with numbers that are not finite, within the images "
                f"{frames['image_id'][start]} … {frames['image_id'][end - 1]}; look at its weights"
            )
        yield describe(frames[start:end], piece, shown[start:end] - answered, keep_logits)
        answered = needed


def _pieces(frames: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """The rows of `frames` in pieces of whole images, at least ROWS rows each but the last: first row, and row after the
    last."""
    start = end = 0
    for rows in frames["image_id"].rle().struct.field("len"):
        end += rows
        if end - start >= ROWS:
            yield start, end
            start = end
    if end > start:
        yield start, end


def _batches(
    canvases_path: str | Path, windows: pl.DataFrame, size: int, batch: int
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """The pixels (batch, size, size, 3) of the windows, in their order, and how many windows the batch holds.

    The last batch is filled up with its last window, since a batch of another size would make compiled engines compile
    again.
    """
    pixels = np.empty((batch, size, size, 3), np.uint8)
    count = 0
    images = windows.group_by("image_id", maintain_order=True)
    for (_, rows), canvases in zip(images, read_canvases(canvases_path), strict=True):
        for window in cut(canvases, rows, size):
            pixels[count] = window
            count += 1
            if count == batch:
                yield pixels, count
                pixels = np.empty_like(pixels)  # the other one is still being looked at
                count = 0
    if count:
        pixels[count:] = pixels[count - 1]
        yield pixels, count


def ahead(items: Iterator[T]) -> Iterator[T]:
    """`items`, read ahead in a thread of their own, so that the network does not wait for the disk."""
    ready: queue.Queue[T | BaseException | None] = queue.Queue(AHEAD)

    def read() -> None:
        try:
            for item in items:
                ready.put(item)
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
    """Logits as rows of tables.PREDICTIONS: n rows.

    Parameters
    ----------
    frames : n rows with image_id, step, value and label (null where unknown), ordered by image and step.
    logits : (windows, outputs), of the distinct windows.
    shown : (n,): which of the windows each frame shows.
    keep_logits : whether to add the column ``logits``.

    Of equal logits the one with the smaller index ranks first, so that the same frame always gives the same row.

    >>> frames = pl.DataFrame({"image_id": "cat", "step": [0, 1], "value": [0.0, 1.0], "label": [1, 1]})
    >>> logits = np.log(np.array([[0.75, 0.25], [0.5, 0.5]], np.float32))
    >>> table = describe(frames, logits, np.array([0, 1]))
    >>> table["label_prob"].to_list(), table["label_rank"].to_list(), table["top5"].to_list()
    ([0.25, 0.5], [2, 2], [[0, 1], [0, 1]])
    """
    probability = Probabilities(logits)
    top5 = _largest(logits, min(5, logits.shape[1]))
    labels = frames["label"].cast(pl.Float64).to_numpy()  # nan where null
    known = ~np.isnan(labels)
    label = np.where(known, labels, 0).astype(np.int64)
    before = top5[shown[np.maximum(np.arange(len(shown)) - 1, 0)], 0]
    # Series rather than expressions: a query costs as much as a thousand classes of a hundred frames.
    columns = [
        *(frames[name] for name in ("image_id", "step", "value", "label")),
        _known("label_prob", probability.of(shown, label), known),
        _known("label_rank", _ranks(logits, shown, label), known),
        pl.Series("top5", top5[shown].astype(np.int32)),
        pl.Series("top5_prob", probability.of(shown[:, None], top5[shown]).astype(np.float32)),
        _known("prob_of_previous_top1", probability.of(shown, before), _follows(frames)),
        *([pl.Series("logits", logits[shown])] if keep_logits else []),
    ]
    schema = LOGITS if keep_logits else tables.PREDICTIONS
    return pl.DataFrame([column.cast(schema[column.name]) for column in columns])


class Probabilities:
    """The probabilities of logits, (windows, outputs): those of `softmax` to the bit, computed only where asked for."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self.powers, self.totals = powers(logits)

    def of(self, windows: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Those of these windows and classes, element by element, in the shape of `classes`."""
        return np.asarray(self.powers[windows, classes] / self.totals[windows, 0])


def _known(name: str, values: NDArray[Any], known: NDArray[np.bool_]) -> pl.Series:
    """`values` as float64, null where they are not known."""
    return pl.Series(name, np.where(known, values, np.nan), nan_to_null=True)


def _follows(frames: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether each frame is one step behind the row before it, of the same image."""
    image, step = frames["image_id"], frames["step"].to_numpy()
    found = np.zeros(len(frames), bool)
    found[1:] = (image[1:] == image[:-1]).to_numpy() & (step[1:] == step[:-1] + 1)
    return found


def _ranks(logits: NDArray[np.float32], shown: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ranks, from 1, of these classes of the windows shown; of equal logits the smaller index comes first."""
    rows = logits[shown]
    own = rows[np.arange(len(rows)), label][:, None]
    earlier = np.arange(logits.shape[1]) < label[:, None]
    return np.asarray(1 + ((rows > own) | ((rows == own) & earlier)).sum(1))


def _largest(logits: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The indices of the `count` largest logits of each row, (rows, count), the first of equal ones first. It takes less
    time than sorting a thousand classes."""
    left = logits.copy()
    found = np.empty((len(logits), count), np.int64)
    for place in range(count):
        found[:, place] = left.argmax(1)
        left[np.arange(len(left)), found[:, place]] = -np.inf
    return found
