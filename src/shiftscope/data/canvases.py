"""Canvases as they lie on disk, image by image."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def read_canvases(path: str | Path, places: Iterable[int] | None = None) -> Iterator[dict[str, NDArray[np.uint8]]]:
    """The canvases of one image after the other: canvas_id → uint8 (height, width, 3), not to be written to. `places`: the
    images to read, numbered from 0 in the order of the file; all of them where it is None."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups) if places is None else places:
            yield _decoded(file.read_row_group(group))


def cut(canvases: dict[str, NDArray[np.uint8]], windows: pl.DataFrame, size: int) -> Iterator[NDArray[np.uint8]]:
    """The pixels (size, size, 3) of `windows` (canvas_id, window_y, window_x), all of one image, in their order: views."""
    for canvas_id, y, x in windows.select("canvas_id", "window_y", "window_x").iter_rows():
        yield canvases[canvas_id][y : y + size, x : x + size]


def _decoded(rows: "pa.Table") -> dict[str, NDArray[np.uint8]]:
    # Views into what was read: a canvas is copied once, window by window, when frames are gathered.
    columns = [rows[name].to_pylist() for name in ("canvas_id", "height", "width")]
    pixels = (pixels.as_buffer() for pixels in rows["pixels"])
    return {
        name: np.frombuffer(buffer, np.uint8).reshape(height, width, 3)
        for name, height, width, buffer in zip(*columns, pixels, strict=True)
    }
