"""Declarations of tables: schemas, meanings, and that docs/tables.md leaves no file and no column out."""

import ast
import re
from pathlib import Path

import polars as pl
import pytest

from shiftscope.config.manual import DECLARING, declared_tables, tables_manual
from shiftscope.core import tables
from shiftscope.core.columns import Column, Table
from shiftscope.workflow.paths import Paths

ROOT = Path(__file__).parents[2]
WILDCARDS = {
    "key": "digest of the conditions",
    "dataset": "data set", "protocol": "protocol", "network": "network", "size": "input size", "shard": "shard",
    "other": "other data set",
}  # fmt: skip


class Base(Table):
    """A part of other tables."""

    name = Column(pl.String)
    """The name
    of it."""


class Whole(Base):
    """One row per thing."""

    size = Column(pl.List(pl.Int8), "px")
    """The size."""
    silent = Column(pl.Float32)
    number = 3
    """This is no column."""


def test_columns_stand_in_the_order_of_their_declaration_those_of_the_base_first():
    assert Whole.schema() == pl.Schema({"name": pl.String, "size": pl.List(pl.Int8), "silent": pl.Float32})
    assert list(Whole.schema()) == ["name", "size", "silent"]
    assert {name: column.unit for name, column in Whole.columns().items()} == {"name": "", "size": "px", "silent": ""}


def test_meanings_are_the_docstrings_below_columns():
    assert Whole.meanings() == {"name": "The name\nof it.", "size": "The size."}


@pytest.mark.parametrize("declared", declared_tables(), ids=lambda declared: declared.__name__)
def test_every_table_and_column_is_explained_in_whole_sentences(declared):
    meanings = declared.meanings()
    assert list(meanings) == list(declared.columns())
    for text in (declared.__doc__, *meanings.values()):
        assert re.fullmatch(r"[A-Z`].*\.", " ".join(text.split())), text
    assert declared.files


def test_the_manual_has_every_column_with_type_and_unit():
    rows = tables_manual().splitlines()
    for declared in declared_tables():
        for name, column in declared.columns().items():
            assert any(row.startswith(f"| `{name}` | ") and f" | {column.unit} | " in row for row in rows)
    assert "| `width` | int32 | px | The width of the picture as it is shown, that is after the rotation that its EXIF" in (
        tables_manual()
    )
    assert "| `top5` | list of int32 |  | " in tables_manual()


def written_by_rules():
    """The Parquet and JSON files that rules write, and the CSV that is no copy of one, with wildcards as the manual writes
    them."""
    for pattern in vars(Paths("results")).values():
        if pattern.endswith((".parquet", ".json", "results.csv")):
            yield re.sub(r"\{(\w+)\}", lambda found: f"<{WILDCARDS[found[1]]}>", pattern.removeprefix("results/"))


def test_every_file_that_a_rule_writes_is_declared_once():
    written = set(written_by_rules()) - {"<data set>/source.json"}
    assert len(written) > 15
    declared = [file for table in declared_tables() for file in table.files]
    assert sorted(declared) == sorted(written)


def test_no_table_is_declared_where_the_manual_does_not_look():
    found = {
        path
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and "Table" in {ast.unparse(base) for base in node.bases}
    }
    assert found == {Path(module.__file__) for module in DECLARING}


def test_the_schemas_of_callers_are_those_that_are_declared():
    schemas = {name: value for module in DECLARING for name, value in vars(module).items() if isinstance(value, pl.Schema)}
    assert len(schemas) >= 14
    declared = [table.schema() for table in declared_tables()]
    assert all(schema in declared for schema in schemas.values())
    assert tables.FRAMES["resizer"] == pl.String
