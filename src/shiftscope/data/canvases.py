"""Canvases as they are stored, one row group of a Parquet file per image, and windows on them.

A file says in its Parquet metadata, under `ENCODING`, how its pixels are encoded (`data/encodings`). On top of that, the
column is compressed by zstd, which recognises what the canvases of one image share.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.data.encodings import Encoding, encodings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Canvas = NDArray[np.uint8]
"""uint8 (height, width, 3), RGB."""

ENCODING = b"shiftscope.encoding"
"""The key of a file's metadata whose value is the name of its encoding. Where it is missing, pixels are as they are: so
they were written before there was a choice."""
TRIED = 3
"""Images by whose canvases the encoding of a file is chosen."""
LEVEL = 3
"""Of zstd."""


class CanvasWriter:
    """A context that writes canvases to a file, one image after the other.

    The file is encoded in the way that makes the canvases of its first `TRIED` images smallest (`smallest`). So the same
    canvases give the same file, and those that share most of their pixels stay as they are, since zstd finds what they
    share only there.
    """

    def __init__(self, path: str | Path) -> None:
        """`path`: of the file. Nothing is there before the context ends."""
        self.path = path
        self._waiting: list[tuple[list[str], Sequence[Canvas]]] = []
        """The first images, while the encoding is not chosen."""
        self._encoding: Encoding | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "CanvasWriter":
        return self

    def write(self, image_id: str, canvases: Sequence[Canvas]) -> list[str]:
        """Add the canvases of one image, and return their ids: `<image_id>#0`, `<image_id>#1`, …"""
        ids = [f"{image_id}#{k}" for k in range(len(canvases))]
        if self._writer is None:
            self._waiting.append((ids, canvases))
            if len(self._waiting) == TRIED:
                self._begin()
        else:
            self._write(ids, canvases)
        return ids

    def _begin(self) -> None:
        """Choose the encoding, and write the images that waited for it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        name = smallest(canvases for _, canvases in self._waiting)
        fields = [("canvas_id", pa.string()), ("height", pa.int32()), ("width", pa.int32()), ("pixels", pa.binary())]
        schema = pa.schema(fields, metadata={ENCODING: name.encode()})
        self._encoding = encodings[name].item()
        # Statistics would hold two of the pictures of each row group once more, in two places.
        self._writer = pq.ParquetWriter(
            self.path, schema, compression="zstd", compression_level=LEVEL, use_dictionary=False, write_statistics=False
        )
        for ids, canvases in self._waiting:
            self._write(ids, canvases)
        self._waiting.clear()

    def _write(self, ids: list[str], canvases: Sequence[Canvas]) -> None:
        assert self._writer is not None
        assert self._encoding is not None
        columns = {  # by polars: pyarrow would import pandas, only to see that lists are none of its tables
            "canvas_id": ids,
            "height": [canvas.shape[0] for canvas in canvases],
            "width": [canvas.shape[1] for canvas in canvases],
            "pixels": [self._encoding.encode(canvas) for canvas in canvases],
        }
        self._writer.write_table(pl.DataFrame(columns).to_arrow().cast(self._writer.schema))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None and kind is None:
            self._begin()
        if self._writer is not None:
            self._writer.close()


def smallest(images: Iterable[Sequence[Canvas]]) -> str:
    """The name of the encoding in which the canvases of these images take the fewest bytes, each image compressed by zstd.
    The bytes of each encoding are divided by its `worth` before they are compared. Of equal ones, the first by name is
    taken.

    >>> noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    >>> slope = np.add.outer(np.arange(64) * 2, np.arange(64))[..., None] + noise[0] % 4  # as a cloudless sky
    >>> smallest([[noise[0], noise[0]]]), smallest([[slope.astype(np.uint8)]])  # zstd finds the second time
    ('raw', 'webp')
    """
    import pyarrow as pa

    zstd = pa.Codec("zstd", compression_level=LEVEL)
    tried = {entry.name: entry.item() for entry in encodings}
    sizes = dict.fromkeys(tried, 0)
    for canvases in images:
        for name, encoding in tried.items():
            sizes[name] += len(zstd.compress(b"".join(encoding.encode(canvas) for canvas in canvases)))
    return min(sizes, key=lambda name: sizes[name] / tried[name].worth)


def read_canvases(path: str | Path, places: Iterable[int] | None = None) -> Iterator[dict[str, Canvas]]:
    """The canvases of one image after the other: canvas_id → uint8 (height, width, 3), which must not be written to.

    `places` are the images to read, numbered from 0 in the order of the file; all images where it is None.

    Raises ShiftscopeError where the encoding of the file is none that is known.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        encoding = encodings[encoding_of(file)].item()
        for group in range(file.num_row_groups) if places is None else places:
            # Pixels are nearly all of a group: threads for its columns would cost more than they save.
            yield _decoded(file.read_row_group(group, use_threads=False), encoding)


def encoding_of(file: "pq.ParquetFile") -> str:
    """The name of the encoding of an open file of canvases."""
    return str((file.schema_arrow.metadata or {}).get(ENCODING, b"raw").decode())


def cut(canvases: dict[str, Canvas], windows: pl.DataFrame, size: int) -> Iterator[Canvas]:
    """The pixels of `windows` (canvas_id, window_y, window_x), all of one image, in their order: views, uint8 (size, size,
    3).

    >>> canvases = {"cat#0": np.arange(48, dtype=np.uint8).reshape(4, 4, 3)}
    >>> windows = pl.DataFrame({"canvas_id": ["cat#0"], "window_y": [1], "window_x": [2]})
    >>> [window[0, 0].tolist() for window in cut(canvases, windows, 2)]  # row 1, column 2: from 3 × (4 × 1 + 2) on
    [[18, 19, 20]]
    """
    for canvas_id, y, x in windows.select("canvas_id", "window_y", "window_x").iter_rows():
        yield canvases[canvas_id][y : y + size, x : x + size]


def _decoded(rows: "pa.Table", encoding: Encoding) -> dict[str, Canvas]:
    # Raw pixels are views into what was read: they are copied once, window by window, when frames are gathered.
    columns = [rows[name].to_pylist() for name in ("canvas_id", "height", "width")]
    pixels = (memoryview(pixels.as_buffer()) for pixels in rows["pixels"])
    return {
        name: encoding.decode(stored, height, width) for name, height, width, stored in zip(*columns, pixels, strict=True)
    }
