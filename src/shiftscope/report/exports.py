"""Tables as CSV, beside the page: what a spreadsheet opens."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core.files import complete
from shiftscope.report.results import results
from shiftscope.sensitivity import SENSITIVITY

NETWORKS = (
    "network",
    "kind",
    "architecture",
    "input_size",
    "parameters",
    "depth",
    "subsampling_stride",
    "subsampling_ratio",
    "outputs",
    "class_space",
    "weights_of",
    "weights_sha256",
    "engine",
    "device",
    "precision",
    "batch_size",
)
"""The columns of `networks.csv`: keys of the cards."""


def export(files: Mapping[str, Sequence[Mapping[str, Any]]], path_of: Mapping[str, str]) -> None:
    """Write each table as a CSV, in UTF-8.

    Parameters
    ----------
    files : for each table, the Parquet files that it consists of, one below the other: `path`, and `columns` with the same
        value in all rows of it, which say what the file is of. Of `networks` they are cards.
    path_of : where the CSV of each table is written. `results` is made of the tables `sensitivity` and `networks`.
    """
    cards = [json.loads(Path(one["path"]).read_text(encoding="utf-8")) for one in files.get("networks", [])]
    for name, path in path_of.items():
        if name == "results":
            table = results(pl.read_parquet(files["sensitivity"][0]["path"], columns=list(SENSITIVITY), glob=False), cards)
        elif name == "networks":
            table = pl.DataFrame([{key: card.get(key) for key in NETWORKS} for card in cards], infer_schema_length=None)
        else:
            table = pl.concat([_read(one["path"], one["columns"]) for one in files[name]])
        with complete(path) as part:
            _flat(table).write_csv(part)


def _read(path: str, columns: Mapping[str, str]) -> pl.DataFrame:
    table = pl.read_parquet(path, glob=False)
    first = [pl.lit(value, pl.String).alias(name) for name, value in columns.items()]
    return table.select(*first, pl.all())


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Lists as their values with spaces between, since a CSV has none."""
    lists = [name for name, dtype in table.schema.items() if isinstance(dtype, pl.List)]
    return table.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(" ") for name in lists)
