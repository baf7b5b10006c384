"""What a network is fed with: canvases, read and sent to the device once, and windows on them, in batches; and after which
batch a few whole images can be described."""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.threads import ahead
from shiftscope.data.canvases import read_canvases
from shiftscope.engines.devices import Device, Part
from shiftscope.stages.asking import Audit
from shiftscope.stages.describing import labels

ROWS = 256
"""How many frames are made into one table, at least: few enough for the memory, enough to share the cost of a table."""
DECODED = 2
"""How many images' canvases wait at most to be sent, decoded by a thread of their own."""
LOAD_BYTES = 64_000_000
"""Bytes of canvases after which no further image joins a load: a bound on memory where canvases are much larger than the
windows on them."""

WINDOW = ["image_id", "canvas_id", "window_y", "window_x"]
"""The columns that decide the pixels of a frame: two rows that agree in them show the same pixels."""


class Batch(NamedTuple):
    """Windows that come together: a batch of the network, or several where the device says so (`Device.together`)."""

    frames: Any
    """What `Device.frames` gave for them."""
    windows: int
    """How many there are; what follows them only fills up the last batch."""
    audited: Any
    """What `Device.arrays` gave for the numbers of those that an audit looks at; None where there are none."""


class Piece(NamedTuple):
    """Rows of frames, of a few whole images, all of whose windows are in batches that came before."""

    rows: pl.DataFrame
    windows: int
    """How many windows they show that no piece before them showed."""
    shown: NDArray[np.int64]
    """Which of these windows each row shows."""
    given: Any
    """What `Device.arrays` gave for `shown` and the labels."""


def feed(
    device: Device, canvases_path: str | Path, frames: pl.DataFrame, size: int, batch: int, audit: Audit | None = None
) -> Iterator[Batch | Piece]:
    """All that one job asks a network, in its order, on its way to the device.

    Parameters
    ----------
    canvases_path, frames : what `make_frames` wrote; `frames` with the column ``label``.
    size, batch : of a frame, px, and how many are run at once.
    audit : draws the windows that are audited.

    Every distinct window comes once, however many frames show it.
    """
    windows = frames.select(WINDOW).unique(maintain_order=True).with_row_index("place")
    shown = frames.select(WINDOW).join(windows, on=WINDOW, how="left", maintain_order="left")["place"].to_numpy()
    audited = np.zeros(len(windows), bool) if audit is None else audit.drawn(windows)
    batches = _batches(device, canvases_path, windows.with_columns(audited=audited), size, batch)
    answered = asked = 0  # windows, up to the last one in a piece and in a batch
    for start, end in _pieces(frames):
        needed = int(shown[start:end].max()) + 1
        while asked < needed:
            made = next(batches)
            yield made
            asked += made.windows
        rows, own = frames[start:end], shown[start:end].astype(np.int64) - answered
        yield Piece(rows, needed - answered, own, device.arrays(own, labels(rows)))
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


def _batches(device: Device, canvases_path: str | Path, windows: pl.DataFrame, size: int, batch: int) -> Iterator[Batch]:
    """The windows, in their order, in whole batches; the last one may hold fewer."""
    audited = windows["audited"].to_numpy()
    together = max(1, device.together // batch) * batch
    parts: list[Part] = []
    count = done = 0

    def made() -> Batch:
        chosen = np.flatnonzero(audited[done : done + count])
        filled = -(-count // batch) * batch
        return Batch(device.frames(parts, size, filled), count, device.arrays(chosen) if len(chosen) else None)

    for sent, places in _loads(device, canvases_path, windows, size, together):
        while len(places):
            some, places = places[: together - count], places[together - count :]
            parts.append((sent, some))
            count += len(some)
            if count == together:
                yield made()
                parts, count, done = [], 0, done + count
    if count:
        yield made()


def _loads(device: Device, canvases_path: str | Path, windows: pl.DataFrame, size: int, enough: int) -> Iterator[Part]:
    """Canvases of a few images, sent together, and the windows on them: as many images as have `enough` windows."""
    canvases: list[NDArray[np.uint8]] = []
    places: list[tuple[int, int, int]] = []
    taken = 0
    corners = windows.select("canvas_id", "window_y", "window_x")
    ends = windows["image_id"].rle().struct.field("len").cum_sum()
    with closing(ahead(read_canvases(canvases_path), DECODED)) as decoded:
        for (start, end), found in zip(pairwise([0, *ends]), decoded, strict=True):
            parts, on_parts = _looked_at(found, corners[start:end].rows(), size)
            places += [(len(canvases) + part, top, left) for part, top, left in on_parts]
            canvases += parts
            taken += sum(part.size for part in parts)
            if len(places) >= enough or taken >= LOAD_BYTES:
                yield device.send(canvases), np.array(places)
                canvases, places, taken = [], [], 0
    if places:
        yield device.send(canvases), np.array(places)


def _looked_at(
    canvases: dict[str, NDArray[np.uint8]], windows: list[tuple[str, int, int]], size: int
) -> tuple[list[NDArray[np.uint8]], list[tuple[int, int, int]]]:
    """The parts of an image's canvases that windows (canvas, upper edge, left edge) lie on, since a canvas may be much
    larger; and the windows on these parts (number of the part, upper edge, left edge)."""
    corners: dict[str, list[tuple[int, int]]] = {}
    for canvas_id, top, left in windows:
        corners.setdefault(canvas_id, []).append((top, left))
    parts, origins = [], {}
    for number, (canvas_id, found) in enumerate(corners.items()):
        (top, left), (bottom, right) = map(min, zip(*found, strict=True)), map(max, zip(*found, strict=True))
        parts.append(canvases[canvas_id][top : bottom + size, left : right + size])
        origins[canvas_id] = number, top, left
    placed = []
    for canvas_id, top, left in windows:
        number, first_top, first_left = origins[canvas_id]
        placed.append((number, top - first_top, left - first_left))
    return parts, placed
