"""Sums of pictures as a file. The pictures of one measure under one condition are read without those of others."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.sensitivity import SUMS
from shiftscope.sensitivity.confidence import BINS
from shiftscope.sensitivity.sums import Binned, Column, Sums
from shiftscope.statistics.moments import Moments
from shiftscope.statistics.ratios import Floats

WEIGHTED = {name: f"weighted_{name}" for name in Moments._fields}
"""The columns of DRAWS that hold `Moments`."""
SIGNED = ("signed_numerator", "signed_denominator")
"""Those that hold `SignedSums`."""


def write_sums(path: str | Path, sums: Sums, binned: Binned) -> None:
    """Write a table SUMS, one measure and condition below the other; `binned` are of the same pictures."""

    def pieces() -> Iterator[pl.DataFrame]:
        image_ids = pl.Series(sums.image_ids, dtype=pl.String)
        for k, (measure, condition) in enumerate(sums.columns):
            place = binned.measures.index(measure) if condition == "all" and measure in binned.measures else None
            parts = {
                name: pl.lit(None) if place is None else _lists(part[:, place])
                for name, part in (("numerators", binned.numerator), ("denominators", binned.denominator))
            }
            yield pl.DataFrame(
                {
                    "image_id": image_ids,
                    "numerator": sums.numerator[:, k],
                    "denominator": sums.denominator[:, k],
                    "counted": sums.counted[:, k],
                }
            ).with_columns(measure=pl.lit(measure), condition=pl.lit(condition), kind=pl.lit(sums.kinds[k]), **parts)

    tables.write_pieces(path, pieces(), SUMS)


def _lists(values: Floats) -> pl.Series:
    """(images, bins) as a column of lists."""
    return pl.Series(np.ascontiguousarray(values)).arr.to_list()


def read_image_ids(path: str | Path) -> pl.Series:
    """The pictures of a table SUMS, in order."""
    with _Groups(path) as groups:
        return groups.read(groups.columns[0], "image_id")["image_id"] if groups.columns else pl.Series([], dtype=pl.String)


def read_sums(path: str | Path, columns: Iterable[Column] | None = None, *, image_ids: list[str] | None = None) -> Sums:
    """The sums in a table SUMS: of those of the `columns`, measures and conditions, that it has; of all where none are
    given. `image_ids` are those of `read_image_ids`, for a caller who knows them."""
    with _Groups(path) as groups:
        chosen = groups.columns if columns is None else [column for column in columns if column in groups.columns]
        if image_ids is None:
            image_ids = groups.read(groups.columns[0], "image_id")["image_id"].to_list() if groups.columns else []
        found = np.zeros((3, len(chosen), len(image_ids)))
        for k, column in enumerate(chosen):
            found[:, k] = [part.to_numpy() for part in groups.read(column, "numerator", "denominator", "counted")]
        kinds = [groups.kinds[column] for column in chosen]
    return Sums(image_ids, chosen, found[0].T, found[1].T, found[2].T.astype(np.int64), kinds)


def read_binned(path: str | Path, measures: Iterable[str] | None = None) -> Binned:
    """The means over pairs in a table SUMS by bin of confidence: those of `measures`, or all."""
    with _Groups(path) as groups:
        there = [name for name, condition in groups.columns if condition == "all"]
        parts = {}
        for name in there if measures is None else [name for name in measures if name in there]:
            read = groups.read((name, "all"), "numerators", "denominators")
            if not read["numerators"].is_null().any():
                parts[name] = groups.kinds[name, "all"], *(part.explode().to_numpy().reshape(-1, BINS) for part in read)
    kinds, numerators, denominators = zip(*parts.values(), strict=True) if parts else ((), (), ())
    shape = len(parts), -1 if parts else 0, BINS
    return Binned(
        list(parts),
        list(kinds),
        np.array(numerators).reshape(shape).swapaxes(0, 1),
        np.array(denominators).reshape(shape).swapaxes(0, 1),
    )


class _Groups:
    """The row groups of a table SUMS: each is of one measure and condition."""

    def __init__(self, path: str | Path) -> None:
        import pyarrow.parquet as pq

        self.file = pq.ParquetFile(path)
        self.places: dict[Column, list[int]] = {}
        self.kinds: dict[Column, str] = {}
        for place in range(self.file.num_row_groups):
            group = self.file.metadata.row_group(place)
            # Which measure, condition and kind, their smallest value says, for a row group has no other one.
            measure, condition, kind = (group.column(k).statistics.min for k in range(3))
            self.places.setdefault((measure, condition), []).append(place)
            self.kinds[measure, condition] = kind
        self.columns = list(self.places)

    def __enter__(self) -> "_Groups":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, column: Column, *names: str) -> pl.DataFrame:
        """Columns of the table for one measure and condition."""
        return pl.DataFrame(self.file.read_row_groups(self.places[column], columns=names).select(names))
