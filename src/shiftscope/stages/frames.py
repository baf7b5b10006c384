"""The stage that makes frames: each picture goes through a protocol, and canvases and windows on them are written."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

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
from shiftscope.data.pictures import Changed, as_listed, check_size, read_listed
from shiftscope.protocols import Frame, Picture, Protocol, Sequence, Unfit, protocols

CORNERS = ["x_min", "y_min", "x_max", "y_max"]

Boxes = TypeVar("Boxes", pl.DataFrame, pl.LazyFrame)


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
    boxes: pl.DataFrame | pl.LazyFrame | None,
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
    images : columns of `tables.IMAGES`: those of the shard.
    boxes : columns of `tables.BOXES`, or a scan of such a file, of any pictures; only for a protocol that needs them.
    seed : decides all random draws, together with the kind of protocol and the image's id.
    refuse : whether a picture that this protocol cannot use, or that has changed since it was listed, is an error; else it
        is noted in `skipped_path`.
    canvases_path : columns of `tables.Canvases`; one row group holds the canvases of one image.
    frames_path, skipped_path : columns of `tables.FRAMES` and `tables.SKIPPED`.

    One picture is in memory at a time, and of the frames no more than `tables.ROWS_AT_A_TIME` rows.

    A warning is logged where all frames of every picture hold the same pixels.
    """
    protocol = protocols[kind].item.model_validate({**options, "kind": kind})
    seen = _Seen()
    skipped: list[dict[str, object]] = []

    def rows(writer: CanvasWriter) -> Iterator[dict[str, object]]:
        opened = zip(images.iter_rows(named=True), _corners(images, boxes), strict=True)
        for row, corners in progress(opened, len(images), "pictures"):
            try:
                sequence = _listed_sequence(protocol, row, corners, size, seed)
            except Unfit as reason:
                if refuse:
                    raise _refused(row["path"], reason) from None
                skipped.append({"image_id": row["image_id"], "stage": "frames", "reason": str(reason)})
                continue
            ids = writer.write(row["image_id"], sequence.canvases)
            yield from seen.passing(_frame_rows(row["image_id"], ids, sequence, size))

    with complete(canvases_path) as canvases, complete(frames_path) as frames, complete(skipped_path) as skipped_part:
        with CanvasWriter(canvases) as writer:
            tables.write_pieces(frames, tables.pieces(rows(writer), tables.FRAMES), tables.FRAMES)
        tables.write_part(skipped_part, tables.table(skipped, tables.SKIPPED))
    seen.warn_if_nothing_varies(kind, size)


def _listed_sequence(
    protocol: Protocol, row: dict[str, Any], corners: NDArray[np.float64], size: int, seed: int
) -> Sequence:
    """The frames of the picture of a row. Raises Unfit, too, where its file is no longer as it was when it was listed."""
    try:
        return sequence_of(protocol, _picture(row, corners), size, seed)
    except Changed as error:
        raise Unfit(f"has changed since pictures were listed ({error})") from None


class _Seen:
    """What has been seen of the frames of a shard, while they are written."""

    def __init__(self) -> None:
        self.pictures = 0
        self.several = False
        """Whether a picture has several frames."""
        self.varied = False
        """Whether one has a frame with other pixels than its first."""

    def passing(self, rows: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
        """Pass the rows of one picture on."""
        self.pictures += 1
        for place, row in enumerate(rows):
            self.several |= place > 0
            self.varied |= not row["as_first"]
            yield row

    def warn_if_nothing_varies(self, kind: str, size: int) -> None:
        """Log a warning where all frames of each picture hold the same pixels."""
        if self.several and not self.varied:
            logging.getLogger(__name__).warning(
                "this protocol (kind: %s) varies nothing here: at an input of %d px all frames of each of %d pictures hold "
                "the same pixels; give it other settings",
                kind,
                size,
                self.pictures,
            )


def _corners(images: pl.DataFrame, boxes: pl.DataFrame | pl.LazyFrame | None) -> Iterator[NDArray[np.float64]]:
    """The corners of those boxes of each picture that are around single objects: (boxes, 4), px."""
    order = images.lazy().select("image_id").with_row_index("place")
    single = _single((tables.BOXES.to_frame() if boxes is None else boxes).lazy())
    placed = order.join(single, on="image_id", how="inner", maintain_order="left_right").select("place", *CORNERS).collect()
    corners = placed.select(CORNERS).to_numpy()
    ends = np.searchsorted(placed["place"].to_numpy(), np.arange(len(images)), side="right")
    for start, end in zip([0, *ends], ends, strict=False):
        yield corners[start:end]


def _single(boxes: Boxes) -> Boxes:
    """Those that are around single objects."""
    return boxes.filter(~pl.col("is_crowd").fill_null(value=False))


def _refused(path: str, reason: Unfit) -> ShiftscopeError:
    return ShiftscopeError(
        f"{path} cannot go through this protocol: it {reason}; take it out, or write 'unusable: skip' for this data set"
    )


def sequence_again(
    row: dict[str, Any], boxes: pl.DataFrame | None, *, kind: str, options: dict[str, Any], size: int, seed: int
) -> Sequence:
    """The canvases and frames of one picture, made again.

    Parameters
    ----------
    row, boxes : a row of `tables.IMAGES`, and the boxes of that picture where the protocol needs them.
    kind, options, size, seed : as they were for `make_frames`.

    Raises ShiftscopeError where the picture can no longer be read, and Unfit where it cannot go through the protocol.
    """
    protocol = protocols[kind].item.model_validate({**options, "kind": kind})
    single = tables.BOXES.to_frame() if boxes is None else _single(boxes)
    return sequence_of(protocol, _picture(row, single.select(CORNERS).to_numpy()), size, seed)


def frames_again(
    row: dict[str, Any], boxes: pl.DataFrame | None, *, kind: str, options: dict[str, Any], size: int, seed: int
) -> list[NDArray[np.uint8]]:
    """The frames of one picture, made again as by `sequence_again`: in the order of steps, uint8 (size, size, 3) each."""
    sequence = sequence_again(row, boxes, kind=kind, options=options, size=size, seed=seed)
    return [window(sequence, frame, size) for frame in sequence.frames]


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
    return [cell for cell, files in shards.items() if _nothing_varies(files)]


def _nothing_varies(files: Iterable[str | Path]) -> bool:
    frames = tables.read(files, COMPARED)
    return bool(frames["as_first"].all() and frames["image_id"].is_duplicated().any())


def _picture(row: dict[str, Any], corners: NDArray[np.float64]) -> Picture:
    """A row of `tables.IMAGES`, opened, with the `corners` of its boxes. Raises Changed, also later where it is a film."""
    if row["frames"] is None:
        return Picture(row["image_id"], read_listed(row["path"], row["width"], row["height"]), corners)

    def film(numbers: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
        with as_listed():
            yield from read_film(row["path"], (row["first_frame"] + number for number in numbers))

    (first,) = film([0])
    with as_listed():
        check_size(row["path"], first, row["width"], row["height"])
        gaps = frozenset(gap - row["first_frame"] for gap in film_gaps(row["path"]))
    return Picture(row["image_id"], first, corners, film, row["frames"], gaps)


def _frame_rows(image_id: str, ids: list[str], sequence: Sequence, size: int) -> Iterator[dict[str, object]]:
    """Rows of `tables.FRAMES`; `ids` are the names of the sequence's canvases."""
    first = window(sequence, sequence.frames[0], size)
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
            "as_first": np.array_equal(first, window(sequence, frame, size)),
        }


def window(sequence: Sequence, frame: Frame, size: int) -> NDArray[np.uint8]:
    """The pixels of a frame: uint8 (size, size, 3)."""
    x, y = frame.window_x, frame.window_y
    return sequence.canvases[frame.canvas][y : y + size, x : x + size]
