"""The stage that puts the shards of predictions into one table, after checking that each sequence is there, once, whole."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.stages.running import read_running, together, write_running

ROWS_AT_A_TIME = 100_000
"""Rows of predictions in memory, unless a shard is in another order than its frames."""
IMAGE_IDS = pl.Schema({"image_id": tables.IMAGES["image_id"]})
STEPS = pl.Schema({name: tables.FRAMES[name] for name in ("image_id", "step")})


def aggregate(
    *,
    shards: Iterable[str | Path],
    frames: Iterable[str | Path],
    skipped: Iterable[str | Path],
    images: pl.DataFrame,
    path: str | Path,
    running: Iterable[str | Path],
    running_path: str | Path,
) -> None:
    """Write one table of all predictions, in the order of `images` and of the steps of each image's sequence; and one note
    of how the network was run.

    Parameters
    ----------
    shards, frames, skipped : files with the columns of `tables.PREDICTIONS`, `tables.FRAMES` and `tables.SKIPPED`, one of
        each for every shard, which is a block of images that follow each other.
    images : the column image_id (`IMAGE_IDS`) of `tables.IMAGES`: the whole data set.
    path : the file to write (`tables.PREDICTIONS`), complete or not at all.
    running, running_path : notes of jobs (`running.RUNNING`), and where to write what they come to.

    Raises ShiftscopeError, naming the first such image, where the predictions of an image are missing, there twice or
    incomplete.
    """
    order = images.select("image_id").with_row_index("place")
    left_out = tables.read(skipped, tables.SKIPPED)["image_id"]
    found = [_Shard.of(*files, order) for files in zip(shards, frames, strict=True)]
    # Each picture as if it had one frame: whether all are there, once, can be seen without the others.
    pictures = pl.concat([STEPS.to_frame(), *(one.pictures.select("image_id", step=pl.lit(0, pl.Int32)) for one in found)])
    check_whole(pictures, pictures, images["image_id"].filter(~images["image_id"].is_in(left_out.implode())))
    found = sorted((one for one in found if len(one.pictures)), key=lambda one: one.pictures["place"].to_numpy().min())
    pieces = (piece for one in found for piece in one.pieces(order))
    tables.write_pieces(path, pieces, tables.PREDICTIONS)
    write_running(running_path, together(map(read_running, running)))


class _Shard(NamedTuple):
    predictions: str | Path
    frames: str | Path
    pictures: pl.DataFrame
    """Those that have frames, each once, in the order of the frames: `image_id`, and the `place` in the data set."""

    @classmethod
    def of(cls, predictions: str | Path, frames: str | Path, order: pl.DataFrame) -> "_Shard":
        named = pl.scan_parquet(frames, glob=False).select("image_id").unique(maintain_order=True).collect()
        return cls(predictions, frames, named.join(order, on="image_id", how="left", maintain_order="left"))

    def pieces(self, order: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The predictions, in order, some rows at a time."""
        if self._in_order():
            yield from tables.read_pieces(self.predictions, tables.PREDICTIONS, ROWS_AT_A_TIME)
        else:
            yield self._sorted(order)

    def _in_order(self) -> bool:
        """Whether the predictions are those of the frames, row by row, and these are in order: each picture once, with
        ascending steps."""
        pictures, last = 0, STEPS.to_frame()
        both = (tables.read_pieces(path, STEPS, ROWS_AT_A_TIME) for path in (self.predictions, self.frames))
        for found, expected in zip_longest(*both):
            if found is None or not found.equals(expected):
                return False
            rows = pl.concat([last, found])
            same = rows["image_id"] == rows["image_id"].shift()
            if (same & (rows["step"] <= rows["step"].shift())).any():
                return False
            pictures += len(found) - int(same.sum())
            last = rows[-1:]
        return pictures == len(self.pictures) and self.pictures["place"].is_sorted()

    def _sorted(self, order: pl.DataFrame) -> pl.DataFrame:
        """All predictions in order; raises ShiftscopeError where they are not those of the frames."""
        predictions = tables.read(self.predictions, tables.PREDICTIONS)
        expected = tables.read(self.frames, STEPS)
        check_whole(predictions.select("image_id", "step"), expected, self.pictures["image_id"])
        return predictions.join(order, on="image_id").sort("place", "step").drop("place")


def check_whole(found: pl.DataFrame, expected: pl.DataFrame, image_ids: pl.Series) -> None:
    """Raise ShiftscopeError unless the predictions are exactly those of the frames, and the frames exactly those of the
    images.

    `found` are the predictions and `expected` the frames, both image_id and step; `image_ids` are the images that were not
    skipped.
    """
    for table, what in ((expected, "frames"), (found, "predictions")):
        twice = table.filter(table.is_duplicated())
        if len(twice):
            raise ShiftscopeError(
                f"{what} of image {twice['image_id'][0]!r} are there twice; remove the shards and run again"
            )
        strangers = table.filter(~pl.col("image_id").is_in(image_ids.implode()))
        if len(strangers):
            raise ShiftscopeError(
                f"there are {what} of image {strangers['image_id'][0]!r}, which is not in the data set; remove them and "
                "run again"
            )
    missing = image_ids.filter(~image_ids.is_in(expected["image_id"].implode()))
    if len(missing):
        raise ShiftscopeError(f"image {missing[0]!r} has no frames; remove the frames of this protocol and run again")
    for one, other, word in ((expected, found, "lack"), (found, expected, "have a surplus")):
        rest = one.join(other, on=["image_id", "step"], how="anti")
        if len(rest):
            image_id, step = rest.row(0)
            raise ShiftscopeError(f"predictions {word} step {step} of image {image_id!r}; remove the shard and run again")
