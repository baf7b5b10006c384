"""The files that the pictures of a data set are in: as they were when these were listed, and whether they still are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import polars as pl

from shiftscope.core import tables
from shiftscope.core.columns import Column, Table
from shiftscope.core.records import sha256_of
from shiftscope.data.films import frame_files
from shiftscope.data.pictures import file_of

AT_A_TIME = 1000
"""Files that wait to be read, at most."""


class SourceFiles(Table):
    """One row per file that pictures of the data set were read from, an archive or a film among them, in the order of the
    first picture of each. No job reads this table; `shiftscope verify` compares the files with it."""

    files = ("<data set>/source_files.parquet",)
    path = Column(pl.String)
    """The path of the file."""
    size = Column(pl.Int64, "bytes")
    """Its length."""
    modified = Column(pl.Int64, "ns")
    """When it was last changed, since 1970."""
    sha256 = Column(pl.String)
    """The SHA-256 digest of its content."""


SOURCE_FILES = SourceFiles.schema()


class Change(NamedTuple):
    """A file that is no longer as it was when it was listed."""

    path: str
    gone: bool
    what: str
    """The end of a sentence that begins with the file."""


def source_files(images: pl.DataFrame) -> pl.DataFrame:
    """The files of `images` (`tables.IMAGES`), as they are now: a table `SOURCE_FILES`."""

    def row(path: str) -> dict[str, object]:
        facts = Path(path).stat()
        return {"path": path, "size": facts.st_size, "modified": facts.st_mtime_ns, "sha256": sha256_of(path)}

    def rows() -> Iterator[dict[str, object]]:
        with ThreadPoolExecutor() as pool:
            for some in _paths(images).to_frame().iter_slices(AT_A_TIME):
                yield from pool.map(row, some["path"])

    return tables.table(rows(), SOURCE_FILES)


def _paths(images: pl.DataFrame) -> pl.Series:
    """The paths of the files, each once."""

    def files(path: str) -> list[str]:
        if Path(path).is_dir():
            return [str(file) for file in frame_files(Path(path))]
        return [str(file_of(path))]

    listed = images.select("path").drop_nulls().unique(maintain_order=True)
    found = listed["path"].map_elements(files, pl.List(pl.String)).explode()
    return found.drop_nulls().unique(maintain_order=True).alias("path")


def changes(listed: pl.DataFrame, *, deep: bool = False) -> Iterator[Change]:
    """The files of a table `SOURCE_FILES` that are gone or have changed since.

    A file counts as changed where its size or its date is another one; if `deep`, where its content is another one,
    whatever its date.
    """
    for row in listed.iter_rows(named=True):
        path = Path(row["path"])
        try:
            facts = path.stat()
        except OSError:
            yield Change(row["path"], gone=True, what="was read when pictures were listed, and is not there now")
            continue
        if facts.st_size != row["size"]:
            said = f"has {facts.st_size:,} bytes, and had {row['size']:,} when pictures were listed"
            yield Change(row["path"], gone=False, what=said)
        elif deep and sha256_of(path) != row["sha256"]:
            yield Change(row["path"], gone=False, what="has another content than when pictures were listed")
        elif not deep and facts.st_mtime_ns != row["modified"]:
            said = "was written again since pictures were listed; --deep compares its content"
            yield Change(row["path"], gone=False, what=said)
