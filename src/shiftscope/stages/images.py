"""A source's pictures made ready for all later stages: checked, sized, labelled, and dealt into shards."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.data.classes import class_indices
from shiftscope.data.pictures import is_picture, there
from shiftscope.sources import Extent, Source

NAMED = 5
"""How many bad pictures a message names."""


def make_images(source: Source, folder: Path, seed: int, threads: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every usable picture of a source, opened and decoded to its end. A film is one picture, or several: its clips.

    Parameters
    ----------
    source : where the pictures come from.
    folder : the folder that `source.fetch` filled.
    seed : decides which pictures are left by `source.limit`; the order of files does not.
    threads : how many pictures are decoded at a time; Python's choice for this machine if not given.

    Returns
    -------
    images, skipped : columns of `tables.IMAGES` and `tables.SKIPPED`, both in the order of `image_id`. Pictures whose
        file is missing do not count towards the limit, damaged ones do, and a film counts once. Pictures that are known by
        their annotations alone have no path; their size is what those say.

    Raises
    ------
    ShiftscopeError
        Where two pictures have the same id, a category has no index, a picture is unusable under `unusable: refuse`, or
        none is usable.
    """
    pictures, categories = source.listing(folder)
    label_of = class_indices(source.classes, categories)
    refuse_duplicates(pictures)
    present, missing = _split_missing(pictures)
    if source.unusable == "refuse":
        _refuse(missing, pictures.height)
    chosen = _draw(present, source.limit, seed)
    here = chosen.filter(pl.col("path").is_not_null())
    measured = _measured(source, here["path"].to_list(), threads)

    rows: list[dict[str, object]] = []
    bad = list(missing)
    for row, found in zip(here.iter_rows(named=True), measured, strict=True):
        if isinstance(found, str):
            bad.append({"image_id": row["image_id"], "stage": "images", "reason": found})
            continue
        for extent in found:
            facts = extent._asdict()
            rows.append({**row, "image_id": row["image_id"] + facts.pop("suffix"), **facts})
    elsewhere = chosen.filter(pl.col("path").is_null())
    if source.unusable == "refuse":
        _refuse(bad, pictures.height)
    if not rows and not elsewhere.height:
        raise ShiftscopeError(f"none of {pictures.height} pictures can be used: {_some(bad)}")
    images = pl.concat([tables.table(rows, tables.IMAGES), elsewhere], how="diagonal_relaxed")
    known = pl.col("category").replace_strict(label_of, default=None, return_dtype=pl.Int32) if label_of else None
    images = images.with_columns(known.alias("label") if known is not None else pl.lit(None).alias("label"))
    images = images.select(pl.col(name).cast(dtype) for name, dtype in tables.IMAGES.items()).sort("image_id")
    return images, tables.table(bad, tables.SKIPPED).sort("image_id")


def shard_of(images: pl.DataFrame, shard: int, shards: int) -> pl.DataFrame:
    """Block number `shard` (from 0) of `shards` contiguous blocks in the order of `image_id`.

    Block sizes differ by one at most, as `numpy.array_split` deals; a block is empty where there are fewer images than
    shards.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard {shard} of {shards}")
    block = np.array_split(np.arange(images.height), shards)[shard]
    return images.sort("image_id")[block]


def refuse_duplicates(pictures: pl.DataFrame) -> None:
    """Raise a ShiftscopeError where two rows of a listing have the same id: boxes and draws could be of either."""
    twice = pictures.filter(pl.col("image_id").is_duplicated()).sort("image_id", "path")
    if not twice.height:
        return
    name, (first, second) = twice["image_id"][0], twice["path"][:2]
    if first is None or first == second:
        raise ShiftscopeError(f"{first or name} is listed twice; remove one")
    raise ShiftscopeError(f"{first} and {second} would both be called {name}; rename or remove one")


def _split_missing(pictures: pl.DataFrame) -> tuple[pl.DataFrame, list[dict[str, object]]]:
    found = [path is None or there(path) or _has_pictures(Path(path)) for path in pictures["path"]]
    missing: list[dict[str, object]] = []
    for row in pictures.filter([not one for one in found]).iter_rows(named=True):
        empty = Path(row["path"]).is_dir()
        reason = f"{row['path']} has no pictures" if empty else f"{row['path']} does not exist"
        missing.append({"image_id": row["image_id"], "stage": "images", "reason": reason})
    return pictures.filter(found), missing


def _has_pictures(path: Path) -> bool:
    """Whether it is a folder that holds the frames of a film."""
    return path.is_dir() and any(is_picture(entry.name) for entry in path.iterdir())


def _draw(pictures: pl.DataFrame, limit: int | None, seed: int) -> pl.DataFrame:
    if limit is not None:
        lots = [sha256(f"{seed}/{image_id}".encode()).digest() for image_id in pictures["image_id"]]
        pictures = pictures.with_columns(pl.Series("lot", lots, dtype=pl.Binary)).sort("lot").head(limit).drop("lot")
    return pictures.sort("image_id")


def _measured(source: Source, paths: Sequence[str], threads: int | None) -> list[list[Extent] | str]:
    """What is in each file, or the sentence that says why it cannot be used."""

    def measure(path: str) -> list[Extent] | str:
        try:
            return source.measure(path)
        except ShiftscopeError as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        return list(progress(pool.map(measure, paths), len(paths), "pictures"))


def _some(bad: Sequence[dict[str, object]]) -> str:
    more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return "; ".join(str(row["reason"]) for row in bad[:NAMED]) + more


def _refuse(bad: Sequence[dict[str, object]], total: int) -> None:
    if bad:
        raise ShiftscopeError(
            f"{len(bad)} of {total} pictures cannot be used: {_some(bad)}; mend them, or write `unusable: skip` to"
            " leave them out"
        )
