"""The base of all sections of the config: an unknown key is an error, and values do not change."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, ValidationInfo, field_validator
from pydantic_core import CoreSchema

from shiftscope.core import limits
from shiftscope.core.docstrings import below_attributes
from shiftscope.core.errors import shown
from shiftscope.core.values import path_fault


class Options(BaseModel):
    """A section of the config: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _possible(cls, value: object, info: ValidationInfo) -> object:
        """`value`; raises ValueError where it is a path that no file can have."""
        if isinstance(value, str | Path) and info.field_name in _paths(cls) and (fault := path_fault(str(value))):
            raise ValueError(fault)
        return value

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """The docstrings below the keys, by name, those of the bases first.

        They are read from the source when they are asked for. pydantic's own `use_attribute_docstrings` reads it for every
        section whenever its module is imported, which took half of the time that the workflow needs to read its plan.
        """
        found: dict[str, str] = {}
        for base in reversed(cls.__mro__[: cls.__mro__.index(Options)]):
            found |= below_attributes(base)
        return {name: found[name] for name in cls.model_fields if name in found}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        keys = handler.resolve_ref_schema(made).get("properties", {})
        for name, meaning in cls.meanings().items():
            keys[name]["description"] = meaning
        return made


@cache
def _paths(section: type[Options]) -> frozenset[str]:
    """The keys of a section whose values are paths."""
    fields = section.model_fields.items()
    return frozenset(name for name, field in fields if Path in (field.annotation, *get_args(field.annotation)))


def _range(value: object) -> object:
    """``"-52..51"`` → (−52, …, 51), both ends included; ``"0..8 by 2"`` → (0, 2, 4, 6, 8)."""
    if not isinstance(value, str):
        return value
    ends, _, step = value.partition(" by ")
    first, dots, last = ends.partition("..")
    try:
        numbers = range(int(first), int(last) + 1, int(step) if step else 1)
    except ValueError:
        numbers = range(0)
    if not dots or not numbers:
        raise ValueError(
            f"{shown(value)} is no range; write a list such as [0, 1, 2] or a range such as 0..8 or -52..51 by 2"
        )
    if max(abs(numbers[0]), abs(numbers[-1])) > limits.PX:
        raise ValueError(f"it goes further than {limits.PX:,} from 0, which is the most that is possible")
    if len(numbers) > limits.STEPS:
        raise ValueError(f"these are {len(numbers):,} numbers, and at most {limits.STEPS:,} are possible")
    return tuple(numbers)


_Offset = Annotated[int, Field(ge=-limits.PX, le=limits.PX)]
Offsets = Annotated[tuple[_Offset, ...], BeforeValidator(_range), Field(min_length=1, max_length=limits.STEPS)]
"""Whole pixels, in the order of the sequence: a list, or a range such as ``-52..51`` with both ends."""
