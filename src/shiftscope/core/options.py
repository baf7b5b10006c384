"""The base of all sections of the config: an unknown key is an error, and values do not change."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Options(BaseModel):
    """A section of the config: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def _range(value: object) -> object:
    """``"-52..51"`` → (−52, …, 51), both ends included; ``"0..8 by 2"`` → (0, 2, 4, 6, 8)."""
    if not isinstance(value, str):
        return value
    ends, _, step = value.partition(" by ")
    first, dots, last = ends.partition("..")
    try:
        numbers = tuple(range(int(first), int(last) + 1, int(step) if step else 1))
    except ValueError:
        numbers = ()
    if not dots or not numbers:
        raise ValueError(f"{value!r} is no range; write a list such as [0, 1, 2] or a range such as 0..8 or -52..51 by 2")
    return numbers


Offsets = Annotated[tuple[int, ...], BeforeValidator(_range), Field(min_length=1)]
"""Whole pixels, in the order of the sequence: a list, or a range such as ``-52..51`` with both ends."""
