"""The stage that puts the shards of predictions into one table, after checking that each sequence is there, once, whole."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.stages.running import read_running, together, write_running


def aggregate(
    *,
    shards: Iterable[str],
    frames: Iterable[str],
    skipped: Iterable[str],
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
        each for every shard.
    images : columns of `tables.IMAGES`: the whole data set.
    path : the file to write (`tables.PREDICTIONS`), complete or not at all.
    running, running_path : notes of jobs (`running.RUNNING`), and where to write what they come to.

    Raises ShiftscopeError, naming the first such image, where the predictions of an image are missing, there twice or
    incomplete.
    """
    predictions = tables.read(shards, tables.PREDICTIONS)
    expected = tables.read(frames, tables.FRAMES).select("image_id", "step")
    left_out = tables.read(skipped, tables.SKIPPED)["image_id"]
    check_whole(
        predictions.select("image_id", "step"),
        expected,
        images["image_id"].filter(~images["image_id"].is_in(left_out.implode())),
    )
    order = images.select("image_id").with_row_index("place")
    tables.write(path, predictions.join(order, on="image_id").sort("place", "step"), tables.PREDICTIONS)
    write_running(running_path, together(map(read_running, running)))


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
