"""Tables made of rows."""

import weakref

import polars as pl

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
