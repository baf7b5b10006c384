"""The stage that makes frames: each picture goes through a protocol, and canvases and windows on them are written."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.core.progress import progress
from shiftscope.core.randomness import generator
from shiftscope.data.canvases import CanvasWriter
from shiftscope.data.films import film_gaps, read_film
from shiftscope.data.pictures import read_picture
from shiftscope.protocols import Frame, Picture, Protocol, Sequence, Unfit, protocols


def sequence_of(protocol: Protocol, picture: Picture, size: int, seed: int) -> Sequence:
    """The frames of one picture for networks that take `size` × `size` px.

    Random draws depend on the seed, the kind of protocol and the image's id alone. So two protocols of one kind that differ
    in their settings, such as what surrounds the picture, put it at the same place.
    """
    return protocol.sequence(picture, size, generator(seed, protocol.kind, picture.image_id))


def make_frames(
    *,
    kind: str,
    options: dict[str, Any],
    images: pl.DataFrame,
    boxes: pl.DataFrame | None,
    size: int,
    seed: int,
    refuse: bool,
    canvases_path: str | Path,
    frames_path: str | Path,
    skipped_path: str | Path,
) -> None:
    """Write the frames of `images` for networks that take `size` × `size` px, all three files complete or not at all.

    Parameters
    ----------
    kind, options : of the protocol.
    images, boxes : columns of `tables.IMAGES` and `tables.BOXES`; boxes only for a protocol that needs them.
    seed : decides all random draws, together with the kind of protocol and the image's id.
    refuse : whether a picture that this protocol cannot use is an error; else it is noted in `skipped_path`.
    canvases_path : columns of `tables.Canvases`; one row group holds the canvases of one image, so memory stays flat.
    frames_path, skipped_path : columns of `tables.FRAMES` and `tables.SKIPPED`.

    A warning is logged where all frames of every picture hold the same pixels.
    """
    protocol = protocols[kind].item.model_validate({**options, "kind": kind})
    by_image = {str(key[0]): rows for key, rows in boxes.group_by("image_id")} if boxes is not None else {}
    frame_rows: list[dict[str, object]] = []
    skipped: list[dict[str, object]] = []
    with complete(canvases_path) as canvases, complete(frames_path) as frames_part, complete(skipped_path) as skipped_part:
        with CanvasWriter(canvases) as writer:
            for row in progress(images.iter_rows(named=True), len(images), "pictures"):
                image_id = row["image_id"]
                try:
                    sequence = sequence_of(protocol, _picture(row, by_image.get(image_id)), size, seed)
                except Unfit as reason:
                    if refuse:
                        raise _refused(row["path"], reason) from None
                    skipped.append({"image_id": image_id, "stage": "frames", "reason": str(reason)})
                    continue
                ids = writer.write(image_id, sequence.canvases)
                frame_rows.extend(_frame_rows(image_id, ids, sequence, size))
        frames = tables.table(frame_rows, tables.FRAMES)
        frames.write_parquet(frames_part)
        tables.table(skipped, tables.SKIPPED).write_parquet(skipped_part)
    _warn_if_nothing_varies(frames, kind, size)


def _refused(path: str, reason: Unfit) -> ShiftscopeError:
    return ShiftscopeError(
        f"{path} cannot go through this protocol: it {reason}; take it out, or write 'unusable: skip' for this data set"
    )


def _warn_if_nothing_varies(frames: pl.DataFrame, kind: str, size: int) -> None:
    if _nothing_varies(frames):
        logging.getLogger(__name__).warning(
            "this protocol (kind: %s) varies nothing here: at an input of %d px all frames of each of %d pictures hold the "
            "same pixels; give it other settings",
            kind,
            size,
            frames["image_id"].n_unique(),
        )


def frames_again(
    row: dict[str, Any], boxes: pl.DataFrame | None, *, kind: str, options: dict[str, Any], size: int, seed: int
) -> list[NDArray[np.uint8]]:
    """The frames of one picture, made again: in the order of their steps, each uint8 (size, size, 3).

    Parameters
    ----------
    row, boxes : a row of `tables.IMAGES`, and the boxes of that picture where the protocol needs them.
    kind, options, size, seed : as they were for `make_frames`.

    Raises ShiftscopeError where the picture can no longer be read.
    """
    protocol = protocols[kind].item.model_validate({**options, "kind": kind})
    sequence = sequence_of(protocol, _picture(row, boxes), size, seed)
    return [_window(sequence, frame, size) for frame in sequence.frames]


Cell = tuple[str, int]
"""A protocol's name and an input size in px."""
COMPARED = pl.Schema({name: tables.FRAMES[name] for name in ("image_id", "as_first")})


def unvaried(cells: Iterable[Cell], paths: Iterable[str | Path]) -> list[Cell]:
    """The protocols and input sizes at which all frames of every picture hold the same pixels.

    `paths` are files of frames (`tables.FRAMES`), one for each shard, and `cells` says of each which protocol and size it
    is of. A protocol that gives every picture a single frame was not to vary anything, and is left out.
    """
    shards: dict[Cell, list[str | Path]] = {}
    for (protocol, size), path in zip(cells, paths, strict=True):
        shards.setdefault((protocol, size), []).append(path)
    return [cell for cell, files in shards.items() if _nothing_varies(tables.read(files, COMPARED))]


def _nothing_varies(frames: pl.DataFrame) -> bool:
    return bool(frames["as_first"].all() and frames["image_id"].is_duplicated().any())


def _picture(row: dict[str, Any], boxes: pl.DataFrame | None) -> Picture:
    """A row of `tables.IMAGES`, opened, with those of its boxes that are around single objects."""
    corners = np.empty((0, 4))
    if boxes is not None:
        single = boxes.filter(~pl.col("is_crowd").fill_null(False))
        corners = single.select("x_min", "y_min", "x_max", "y_max").to_numpy()
    if row["frames"] is None:
        return Picture(row["image_id"], read_picture(row["path"]), corners)

    def film(numbers: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
        return read_film(row["path"], (row["first_frame"] + number for number in numbers))

    (first,) = film([0])
    gaps = frozenset(gap - row["first_frame"] for gap in film_gaps(row["path"]))
    return Picture(row["image_id"], first, corners, film, row["frames"], gaps)


def _frame_rows(image_id: str, ids: list[str], sequence: Sequence, size: int) -> Iterator[dict[str, object]]:
    """Rows of `tables.FRAMES`; `ids` are the names of the sequence's canvases."""
    first = _window(sequence, sequence.frames[0], size)
    for step, frame in enumerate(sequence.frames):
        left, top, right, bottom = frame.source
        yield {
            "image_id": image_id,
            "step": step + frame.run,
            "value": frame.value,
            "canvas_id": ids[frame.canvas],
            "window_x": frame.window_x,
            "window_y": frame.window_y,
            "source_left": left,
            "source_top": top,
            "source_right": right,
            "source_bottom": bottom,
            "resized_width": frame.resized[0],
            "resized_height": frame.resized[1],
            "resizer": frame.resizer,
            "paste_x": frame.paste[0],
            "paste_y": frame.paste[1],
            "surround": frame.surround,
            "warp": frame.warp,
            "angle": frame.angle,
            "shift_x": frame.shift[0],
            "shift_y": frame.shift[1],
            "as_first": np.array_equal(first, _window(sequence, frame, size)),
        }


def _window(sequence: Sequence, frame: Frame, size: int) -> NDArray[np.uint8]:
    """The pixels of a frame: uint8 (size, size, 3)."""
    x, y = frame.window_x, frame.window_y
    return sequence.canvases[frame.canvas][y : y + size, x : x + size]
