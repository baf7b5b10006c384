"""Sections of the config that are one of the kinds of a registry, told apart by their key `kind`."""

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema

from shiftscope.core.registry import Registry


def kinds(registry: Registry[Any]) -> Any:
    """The type of a section that is one of all kinds of a registry, told apart by `kind`."""
    choices = tuple(Annotated[entry.item, Tag(entry.name)] for entry in registry)
    return Annotated[Union[choices], Discriminator(_kind)]  # noqa: UP007


def kinds_or_names(registry: Registry[Any]) -> Any:
    """As `kinds`, where the name of a kind alone stands for that kind with all its defaults."""

    def whole(section: object) -> object:
        if isinstance(section, str):
            return {"kind": section}
        if _kind(section):
            return section
        names = ", ".join(entry.name for entry in registry)
        raise ValueError(f"write the name of a {registry.noun} ({names}), or a mapping with its name as 'kind'")

    return Annotated[kinds(registry), BeforeValidator(whole), _Names(tuple(entry.name for entry in registry))]


def _kind(section: Any) -> str | None:
    kind = section.get("kind") if isinstance(section, Mapping) else getattr(section, "kind", None)
    return None if kind is None else str(kind)


class _Names:
    """Says in the JSON schema that names are allowed, too."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.names), "type": "string"}, handler(schema)]}
