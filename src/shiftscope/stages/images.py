"""The stage that lists the pictures of a source: each is opened, measured and labelled; and their division into shards."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.data.classes import class_indices
from shiftscope.data.pictures import is_picture, is_there, there
from shiftscope.sources import Extent, Source

NAMED = 5
"""How many unusable pictures a message names."""
PICTURES_AT_A_TIME = 1000
"""Pictures that wait to be opened, at most."""


def make_images(source: Source, folder: Path, seed: int, threads: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every usable picture of a source, opened and decoded to its end. A film is one picture, or several: its clips.

    Parameters
    ----------
    source : where the pictures come from.
    folder : the folder that `source.fetch` filled.
    seed : decides which pictures remain under `source.limit`; the order of the files does not.
    threads : how many pictures are decoded at a time; not given: as many as Python chooses for this machine.

    Returns
    -------
    images, skipped : columns of `tables.IMAGES` and `tables.SKIPPED`, both in the order of `image_id`. A picture whose file
        is missing does not count towards the limit, a damaged one does, and a film counts once. A picture that is known
        from annotations alone has no path and the size that these say.

    Raises
    ------
    ShiftscopeError
        Where two pictures have the same id, a category has no index, a picture is unusable under `unusable: refuse`, or no
        picture is usable.
    """
    pictures, categories = source.listing(folder)
    label_of = class_indices(source.classes, categories)
    refuse_duplicates(pictures)
    present, missing = _split_missing(pictures)
    if source.unusable == "refuse":
        _refuse(missing, pictures.height)
    chosen = _draw(present, source.limit, seed)
    opened, damaged = _opened(source, chosen.filter(pl.col("path").is_not_null()), threads)
    elsewhere = chosen.filter(pl.col("path").is_null())
    bad = pl.concat([missing, damaged])
    if source.unusable == "refuse":
        _refuse(bad, pictures.height)
    if not opened.height and not elsewhere.height:
        raise ShiftscopeError(f"none of {pictures.height} pictures can be used: {_some(bad)}; give other pictures")
    images = _labelled(pl.concat([opened, elsewhere], how="diagonal_relaxed"), label_of)
    return images, bad.sort("image_id")


def _opened(source: Source, pictures: pl.DataFrame, threads: int | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is in each file, columns of `tables.IMAGES`, and rows of `tables.SKIPPED` for the files that cannot be used."""

    def rows() -> Iterator[dict[str, object]]:
        measured = _measured(source, pictures, threads)
        for row, found in progress(measured, pictures.height, "pictures"):
            if isinstance(found, str):
                yield {"image_id": row["image_id"], "reason": found}
                continue
            for extent in found:
                facts = extent._asdict()
                yield {**row, "image_id": row["image_id"] + facts.pop("suffix"), **facts}

    found = tables.table(rows(), pl.Schema({**tables.IMAGES, "reason": pl.String()}))
    return found.filter(pl.col("reason").is_null()).drop("reason"), _skipped(found.drop_nulls("reason"))


def _skipped(bad: pl.DataFrame) -> pl.DataFrame:
    """Rows of `tables.SKIPPED` for `image_id` and `reason`."""
    return bad.select("image_id", pl.lit("images").alias("stage"), "reason")


def _labelled(images: pl.DataFrame, label_of: dict[str, int]) -> pl.DataFrame:
    """`images` with the index of their category as `label`, columns of `tables.IMAGES`, in the order of `image_id`."""
    known = pl.col("category").replace_strict(label_of, default=None, return_dtype=pl.Int32) if label_of else pl.lit(None)
    images = images.with_columns(known.alias("label"))
    return images.select(pl.col(name).cast(dtype) for name, dtype in tables.IMAGES.items()).sort("image_id")


def read_shard(path: str | Path, shard: int, shards: int) -> pl.DataFrame:
    """Block number `shard`, counted from 0, of `shards` contiguous blocks of the images in a file (`tables.IMAGES`), which
    are in the order of `image_id`. The other blocks are not read.

    The sizes of the blocks differ by one at most (`numpy.array_split`). Some are empty where there are fewer images than
    shards.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard {shard} of {shards}")
    images = pl.scan_parquet(path, glob=False).select(list(tables.IMAGES))
    block = np.array_split(np.arange(images.select(pl.len()).collect().item()), shards)[shard]
    return images.slice(block[0] if len(block) else 0, len(block)).collect()


def refuse_duplicates(pictures: pl.DataFrame) -> None:
    """Raise a ShiftscopeError where two rows of a listing have the same id, since a box or a label could be either's."""
    twice = pictures.filter(pl.col("image_id").is_duplicated()).sort("image_id", "path")
    if not twice.height:
        return
    name, (first, second) = twice["image_id"][0], twice["path"][:2]
    if first is None or first == second:
        raise ShiftscopeError(f"{first or name} is listed twice; remove one")
    raise ShiftscopeError(f"{first} and {second} would both be called {name}; rename or remove one")


def _split_missing(pictures: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose file is there, or that have none, and rows of `tables.SKIPPED` for the others."""
    found = pl.Series(
        [path is None or there(path) or _has_pictures(Path(path)) for path in pictures["path"]], dtype=pl.Boolean
    )

    def reason(path: str) -> str:
        return f"{path} has no pictures" if is_there(Path(path).is_dir) else f"{path} does not exist"

    missing = pictures.filter(~found).with_columns(reason=pl.col("path").map_elements(reason, pl.String))
    return pictures.filter(found), _skipped(missing)


def _has_pictures(path: Path) -> bool:
    """Whether `path` is a folder with pictures in it, which are the frames of a film."""
    return is_there(path.is_dir) and any(is_picture(entry.name) for entry in path.iterdir())


def _draw(pictures: pl.DataFrame, limit: int | None, seed: int) -> pl.DataFrame:
    """`limit` pictures drawn at random by their ids, so that a picture's lot does not depend on the others."""
    if limit is not None:
        lots = [sha256(f"{seed}/{image_id}".encode()).digest() for image_id in pictures["image_id"]]
        pictures = pictures.with_columns(pl.Series("lot", lots, dtype=pl.Binary)).sort("lot").head(limit).drop("lot")
    return pictures.sort("image_id")


def _measured(
    source: Source, pictures: pl.DataFrame, threads: int | None
) -> Iterator[tuple[dict[str, str], list[Extent] | str]]:
    """Each row with what is in its file, or the sentence that says why the file cannot be used."""

    def measure(path: str) -> list[Extent] | str:
        try:
            return source.measure(path)
        except ShiftscopeError as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        for some in pictures.iter_slices(PICTURES_AT_A_TIME):  # a pool takes all that it is given at once
            yield from zip(some.iter_rows(named=True), pool.map(measure, some["path"]), strict=True)


def _some(bad: pl.DataFrame) -> str:
    more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return "; ".join(bad["reason"][:NAMED]) + more


def _refuse(bad: pl.DataFrame, total: int) -> None:
    if len(bad):
        raise ShiftscopeError(
            f"{len(bad)} of {total} pictures cannot be used: {_some(bad)}; mend them, or write `unusable: skip` to"
            " leave them out"
        )
