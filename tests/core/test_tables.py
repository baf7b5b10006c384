"""Tables made of rows, and how they are written."""

import errno
import weakref
from pathlib import Path

import polars as pl
import pytest

from shiftscope.core import tables


def test_few_rows_of_a_generator_are_kept(monkeypatch):
    class Row(dict):
        __hash__ = object.__hash__  # so that it can be counted

    alive, most = weakref.WeakSet(), 0

    def rows():
        nonlocal most
        for k in range(100):
            row = Row(a=k, b=None if k < 50 else "late")
            alive.add(row)
            most = max(most, len(alive))
            yield row

    schema = pl.Schema({"a": pl.Int32, "b": pl.String})
    whole = tables.table(list(rows()), schema)
    assert most == 100
    monkeypatch.setattr(tables, "ROWS_AT_A_TIME", 7)
    most = 0
    assert tables.table(rows(), schema).equals(whole)
    assert whole["a"].to_list() == list(range(100))
    assert most <= 2 * 7


def test_a_full_disk_is_an_error_of_the_system_though_polars_hides_it(tmp_path, monkeypatch):
    def hides(frame, part, **options):
        raise pl.exceptions.ComputeError("parquet: File out of specification: Invalid thrift: transport error")

    def full(part, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(part))

    monkeypatch.setattr(pl.DataFrame, "write_parquet", hides)
    frame = pl.DataFrame({"a": [1, 2]})
    with pytest.raises(pl.exceptions.ComputeError):  # where the disk has room, it was something else
        tables.write(tmp_path / "a.parquet", frame, frame.schema)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        tables.write(tmp_path / "a.parquet", frame, frame.schema)
    assert not list(tmp_path.iterdir())
