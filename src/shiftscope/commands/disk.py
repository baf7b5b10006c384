"""How many bytes the frames of a data set will take: some of its pictures go through the protocols, and are written."""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.randomness import generator
from shiftscope.sources import Source
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.frames import make_frames

FEWEST = 32
"""Files that are tried first."""
MOST = 96
"""Files that are tried at most."""
PRECISION = 0.05
"""Standard error, as a share of the estimate, beyond which more files are tried: 20 % are then four of them."""


class Bytes(NamedTuple):
    """What the frames of one protocol take, at one input size."""

    pixels: float
    """Of `canvases.parquet`, all shards together: what is discarded if frames are."""
    rows: float
    """Of `frames.parquet`, which stays."""


Rows = list[dict[str, Any]]
"""Rows of `tables.IMAGES`."""


class Sample:
    """Some of the files of a data set, drawn at random."""

    def __init__(self, source: Source, folder: Path, pictures: pl.DataFrame, total: int, seed: int) -> None:
        """`pictures`: a listing (`sources.LISTING`); `total`: how many such files the run will use; `folder`: the one that
        `source.fetch` filled; `seed`: of the draw."""
        self.source, self.folder, self.total = source, folder, total
        there = pictures.filter(pl.col("path").is_not_null())
        self.ids = there["image_id"].sort()
        order = generator(seed, "pictures to try").permutation(there.height)[: min(MOST, total)]
        self.listed = there[order.tolist()].rows(named=True)
        self._images: list[Rows] = []

    def images(self, count: int) -> list[Rows]:
        """What is in each of the first `count` files: nothing where it cannot be used, or the several clips of a film."""
        self._images += [self._opened(row) for row in self.listed[len(self._images) : count]]
        return self._images[:count]

    def _opened(self, row: dict[str, Any]) -> Rows:
        try:
            extents = [extent._asdict() for extent in self.source.measure(row["path"])]
        except ShiftscopeError:
            return []
        return [{"image_id": row["image_id"] + e.pop("suffix"), "path": row["path"], **e} for e in extents]

    @cached_property
    def boxes(self) -> pl.DataFrame:
        """The boxes of these pictures (`tables.BOXES`)."""
        return make_boxes(self.source, self.folder, _table(self.images(MOST)))

    def bytes_of(self, section: dict[str, Any], size: int, seed: int, shards: int, *, boxed: bool) -> Bytes:
        """What the frames of all files will take.

        `FEWEST` files are tried first, and then as many more, up to `MOST`, as their differences call for to reach
        `PRECISION`.

        Parameters
        ----------
        section : `kind` and `options` of the protocol.
        size, seed, shards : as the run has them.
        boxed : whether the protocol needs boxes.

        Raises ShiftscopeError where the protocol cannot be used.
        """
        pixels, frames = self._written(self.images(FEWEST), section, size, seed, boxed=boxed)
        more = self.images(min(_enough(pixels, self.total), MOST))[FEWEST:]
        if more:
            found = self._written(more, section, size, seed, boxed=boxed)
            pixels, frames = np.concatenate([pixels, found[0]]), pl.concat([frames, found[1]])
        share = self.total / max(1, len(pixels))
        return Bytes(float(pixels.sum()) * share, _rows(self._named_as_neighbours(frames), share, shards))

    def _named_as_neighbours(self, frames: pl.DataFrame) -> pl.DataFrame:
        """`frames` with ids of pictures that follow each other, as in a shard: names that are alike take fewer bytes."""
        ids = frames["image_id"].unique(maintain_order=True)
        if len(ids) > len(self.ids):  # clips of films
            return frames
        new = dict(zip(ids, self.ids.head(len(ids)), strict=True))
        image_id = pl.col("image_id").replace_strict(new, return_dtype=pl.String)
        return frames.with_columns(image_id, canvas_id=image_id + pl.col("canvas_id").str.extract("(#[0-9]+)$"))

    def _written(
        self, files: Sequence[Rows], section: dict[str, Any], size: int, seed: int, *, boxed: bool
    ) -> tuple[NDArray[np.float64], pl.DataFrame]:
        """Bytes of the canvases of each file, and the frames of all (`tables.FRAMES`)."""
        import pyarrow.parquet as pq

        images = _table(files)
        with TemporaryDirectory() as name:
            paths = {key: Path(name, key) for key in ("canvases", "frames", "skipped")}
            make_frames(
                **section, images=images, boxes=self.boxes if boxed else None, size=size, seed=seed, refuse=False,
                canvases_path=paths["canvases"], frames_path=paths["frames"], skipped_path=paths["skipped"],
            )  # fmt: skip
            frames = tables.read(paths["frames"], tables.FRAMES)
            whole = paths["canvases"].stat().st_size
            with pq.ParquetFile(paths["canvases"]) as file:
                groups = [file.metadata.row_group(k) for k in range(file.num_row_groups)]
            # The rest, which says where each row group is, grows with their number.
            stored = [sum(group.column(k).total_compressed_size for k in range(group.num_columns)) for group in groups]
        rest = (whole - sum(stored)) / max(1, len(stored))
        by_image = dict(zip(frames["image_id"].unique(maintain_order=True), np.array(stored) + rest, strict=True))
        return np.array([sum(by_image.get(row["image_id"], 0.0) for row in rows) for rows in files], dtype=float), frames


def _table(files: Sequence[Rows]) -> pl.DataFrame:
    return tables.table([row for rows in files for row in rows], tables.IMAGES)


def _enough(pixels: NDArray[np.float64], total: int) -> int:
    """How many of `total` files are enough for `PRECISION`, by the bytes (n,) of the first n: (s ÷ mean ÷ precision)² drawn
    with replacement, and fewer without (Cochran 1977, Sampling Techniques, section 4.4).

    >>> _enough(np.full(16, 5.0), total=1000), _enough(np.array([1.0, 2.0, 3.0]), total=1000)  # (½ ÷ .05)² = 100 → 91
    (0, 91)
    """
    if len(pixels) < 2 or not pixels.any():
        return 0
    asked = float(pixels.std(ddof=1) / pixels.mean() / PRECISION) ** 2
    return math.ceil(asked / (1 + asked / total))


def _rows(frames: pl.DataFrame, share: float, shards: int) -> float:
    """Bytes of the files of frames, `share` times as many rows as these, in so many shards: a file has bytes of its own,
    and each row adds to them."""
    half = len(frames) // 2
    sizes = []
    with TemporaryDirectory() as folder:
        for part in (frames, frames[:half]):
            tables.write_pieces(Path(folder, "frames"), [part], tables.FRAMES)
            sizes.append(Path(folder, "frames").stat().st_size)
    slope = (sizes[0] - sizes[1]) / max(1, len(frames) - half)
    return shards * (sizes[1] - slope * half) + slope * len(frames) * share
