"""How a table is declared: files, columns, types and units as data, and what they mean as docstrings.

The meanings are docstrings, not values, so that another wording does not run any job again (`workflow.fingerprint`).
docs/tables.md is made from them.
"""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from shiftscope.core.docstrings import below_attributes


@dataclass(frozen=True)
class Column:
    """A column of a table. The docstring below it says what it means."""

    dtype: DataType | DataTypeClass
    unit: str = ""
    """Such as ``px``; empty where there is none."""


class Table:
    """Base of the declarations of tables. The docstring of a declaration says what one row is.

    >>> class Sizes(Table):
    ...     "One row per picture."
    ...     files = ("<data set>/sizes.parquet",)
    ...     image_id = Column(pl.String)
    ...     "The id of the picture."
    ...     width = Column(pl.Int32, "px")
    ...     "The width of the picture."
    >>> Sizes.schema()
    Schema([('image_id', String), ('width', Int32)])
    """

    files: ClassVar[tuple[str, ...]] = ()
    """Where tables with these columns lie below the folder of results."""

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """The columns by name, in their order: those of the bases first."""
        bases = reversed(cls.__mro__)
        return {name: value for base in bases for name, value in vars(base).items() if isinstance(value, Column)}

    @classmethod
    def schema(cls) -> pl.Schema:
        """The names and types of the columns, in their order."""
        return pl.Schema({name: column.dtype for name, column in cls.columns().items()})

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """The docstrings below the columns, by name, read from the source."""
        found: dict[str, str] = {}
        for base in reversed(cls.__mro__[: cls.__mro__.index(Table)]):
            found |= below_attributes(base)
        return {name: found[name] for name in cls.columns() if name in found}
