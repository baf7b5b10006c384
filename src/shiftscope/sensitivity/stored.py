"""Sums of pictures, and what is drawn of them, as files. One measure under one condition is read without others."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.sensitivity import DRAWS, SUMS
from shiftscope.sensitivity.confidence import BINS
from shiftscope.sensitivity.sums import Binned, Column, Sums
from shiftscope.statistics.moments import Moments

WEIGHTED = {name: f"weighted_{name}" for name in Moments._fields}
"""The columns of DRAWS that hold `Moments`."""
SIGNED = ("signed_numerator", "signed_denominator")
"""Those that hold `SignedSums`."""
BY_PICTURE = ("numerators", "denominators")
"""Those that hold pictures, where nothing was drawn."""
IN_BINS, AT_VALUE = "bins", "value"
"""The conditions of rows that are of the bins of confidence, and of one swept value."""
PICTURES = b"shiftscope.pictures"
"""The key of the metadata of a table SUMS whose value stands for its pictures: it is the same where these are."""
ROWS_AT_A_TIME = 300_000
"""Rows of a row group, at most."""
NUMBERS = ("numerator", "denominator", "counted")


def write_sums(path: str | Path, blocks: Iterable[tuple[Sums, Binned]]) -> None:
    """Write a table SUMS block by block: of each, one measure and condition below the other."""
    tables.write_pieces(path, (piece for block in blocks for piece in _pieces(*block)), SUMS)


def _pieces(sums: Sums, binned: Binned) -> Iterator[pl.DataFrame]:
    for k, (measure, condition) in enumerate(sums.columns):
        said = {"measure": measure, "condition": condition, "kind": sums.kinds[k]}
        parts = (sums.numerator[:, k], sums.denominator[:, k], sums.counted[:, k])
        yield _piece(said, sums.image_ids, parts, bins=False)
    image_ids = sums.image_ids.gather(np.repeat(np.arange(len(sums.image_ids)), BINS))
    for k, measure in enumerate(binned.measures):
        said = {"measure": measure, "condition": IN_BINS, "kind": binned.kinds[k]}
        numerator, denominator = binned.numerator[:, k].ravel(), binned.denominator[:, k].ravel()
        yield _piece(said, image_ids, (numerator, denominator, denominator), bins=True)


def _piece(said: dict[str, str], image_ids: pl.Series, parts: Iterable[object], *, bins: bool) -> pl.DataFrame:
    number = pl.Series(np.tile(np.arange(1, BINS + 1), len(image_ids) // BINS)) if bins else pl.lit(None)
    table = pl.DataFrame({"image_id": image_ids, **dict(zip(NUMBERS, parts, strict=True))})
    return table.with_columns(bin=number, **{name: pl.lit(text) for name, text in said.items()})


def gather_sums(
    source: str | Path, path: str | Path, columns: Iterable[Column], measures: Iterable[str], image_ids: pl.Series
) -> None:
    """Write a table SUMS of the `columns`, measures and conditions, and the bins of `measures` in another one, `source`.
    Its blocks are put together, so that one measure under one condition lies in one place. `image_ids` are of all blocks.
    """
    chosen = [*columns, *((measure, IN_BINS) for measure in measures)]
    with _Groups(source) as groups:
        pieces = (piece for column in chosen for piece in groups.pieces(column))
        tables.write_pieces(
            path,
            pieces,
            SUMS,
            metadata={PICTURES: sha256("\0".join(image_ids).encode()).hexdigest().encode()},
            # Few different numbers, and names in order, of which neighbours begin alike.
            encodings=dict.fromkeys(NUMBERS, "dictionary") | {"image_id": "DELTA_BYTE_ARRAY"},
        )


def read_pictures(path: str | Path) -> bytes:
    """What stands for the pictures of a table SUMS (`PICTURES`)."""
    with _Groups(path) as groups:
        return bytes(groups.file.schema_arrow.metadata[PICTURES])


def read_image_ids(path: str | Path) -> pl.Series:
    """The pictures of a table SUMS, in order."""
    with _Groups(path) as groups:
        return groups.image_ids()


def read_sums(path: str | Path, columns: Iterable[Column] | None = None, *, image_ids: pl.Series | None = None) -> Sums:
    """The sums in a table SUMS: of those of the `columns`, measures and conditions, that it has; of all where none are
    given. `image_ids` are those of `read_image_ids`, for a caller who knows them."""
    with _Groups(path) as groups:
        chosen = groups.columns if columns is None else [column for column in columns if column in groups.columns]
        if image_ids is None:
            image_ids = groups.image_ids()
        found = np.zeros((2, len(chosen), len(image_ids)))
        counted = np.zeros((len(chosen), len(image_ids)), dtype=np.int64)
        for k, column in enumerate(chosen):
            read = groups.read(column, NUMBERS)
            found[:, k] = [read[name].to_numpy() for name in NUMBERS[:2]]
            counted[k] = read[NUMBERS[2]].to_numpy()
        kinds = [groups.kinds[column] for column in chosen]
    return Sums(image_ids, chosen, found[0].T, found[1].T, counted.T, kinds)


def binned_in_turn(path: str | Path, measures: Iterable[str] | None = None) -> Iterator[Binned]:
    """The means over pairs in a table SUMS by bin of confidence: those of `measures`, or all, one after the other."""
    with _Groups(path) as groups:
        for name in groups.binned if measures is None else [name for name in measures if name in groups.binned]:
            read = groups.read((name, IN_BINS), NUMBERS[:2])
            parts = (read[number].to_numpy().reshape(-1, 1, BINS) for number in NUMBERS[:2])
            yield Binned([name], [groups.kinds[name, IN_BINS]], *parts)


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
        self.columns = [column for column in self.places if column[1] != IN_BINS]
        self.binned = [measure for measure, condition in self.places if condition == IN_BINS]

    def __enter__(self) -> "_Groups":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, column: Column, names: Iterable[str]) -> pl.DataFrame:
        """Columns of the table for one measure and condition."""
        return pl.DataFrame(self.file.read_row_groups(self.places[column], columns=list(names)))

    def image_ids(self) -> pl.Series:
        """The pictures, in order."""
        return self.read(self.columns[0], ["image_id"])["image_id"] if self.columns else pl.Series([], dtype=pl.String)

    def pieces(self, column: Column) -> Iterator[pl.DataFrame]:
        """All of the table for one measure and condition, `ROWS_AT_A_TIME` rows at a time."""
        waiting: list[pl.DataFrame] = []
        for place in self.places.get(column, ()):
            more = pl.DataFrame(self.file.read_row_group(place))
            if waiting and sum(map(len, waiting)) + len(more) > ROWS_AT_A_TIME:
                yield pl.concat(waiting)
                waiting = []
            waiting.append(more)
        if waiting:
            yield pl.concat(waiting)


def read_draws(path: str | Path, part: Literal["conditions", "bins", "value"], schema: pl.Schema) -> pl.DataFrame:
    """The columns of `schema` of those rows of a table DRAWS that are of all bins and values, of bins of confidence, or of
    one swept value."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        place = file.schema_arrow.get_field_index("condition")
        found = [file.metadata.row_group(k).column(place).statistics.min for k in range(file.num_row_groups)]
        parts = [condition if condition in (IN_BINS, AT_VALUE) else "conditions" for condition in found]
        chosen = [k for k, name in enumerate(parts) if name == part]
        read = pl.DataFrame(file.read_row_groups(chosen, columns=list(schema))) if chosen else schema.to_frame()
    return read.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def write_draws(path: str | Path, draws: pl.DataFrame) -> None:
    """Write a table DRAWS in the parts that `read_draws` reads."""
    condition = pl.col("condition")
    of_parts = (~condition.is_in([IN_BINS, AT_VALUE]), condition == IN_BINS, condition == AT_VALUE)
    tables.write_pieces(path, map(draws.filter, of_parts), DRAWS)
