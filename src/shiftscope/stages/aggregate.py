"""Shards of predictions → one table, once each image's sequence is there once and whole."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError


def aggregate(
    *,
    shards: Iterable[str],
    frames: Iterable[str],
    skipped: Iterable[str],
    images: pl.DataFrame,
    path: str | Path,
) -> None:
    """Write the predictions of all `shards` in the order of `images`, the pictures that were skipped left out.

    Raises ShiftscopeError naming the first image that is missing, there twice or not whole.
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


def check_whole(found: pl.DataFrame, expected: pl.DataFrame, image_ids: pl.Series) -> None:
    """Raise ShiftscopeError unless `found` (image_id, step) is exactly `expected`, and that is of exactly `image_ids`."""
    for table, what in ((expected, "frames"), (found, "predictions")):
        twice = table.filter(table.is_duplicated())
        if len(twice):
            raise ShiftscopeError(f"{what} of image {twice['image_id'][0]!r} are there twice; remove them and run again")
        strangers = table.filter(~pl.col("image_id").is_in(image_ids.implode()))
        if len(strangers):
            raise ShiftscopeError(f"there are {what} of image {strangers['image_id'][0]!r}, which is not in the data set")
    missing = image_ids.filter(~image_ids.is_in(expected["image_id"].implode()))
    if len(missing):
        raise ShiftscopeError(f"image {missing[0]!r} has no frames; remove the frames of this protocol and run again")
    for one, other, word in ((expected, found, "lack"), (found, expected, "have a surplus")):
        rest = one.join(other, on=["image_id", "step"], how="anti")
        if len(rest):
            image_id, step = rest.row(0)
            raise ShiftscopeError(f"predictions {word} step {step} of image {image_id!r}; remove the shard and run again")
