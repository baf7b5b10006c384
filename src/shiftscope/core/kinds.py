"""Parts of the config that are one of the kinds of a registry, told apart by their key `kind`."""

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema

from shiftscope.core.registry import Registry


def kinds(registry: Registry[Any]) -> Any:
    """The union of all kinds of a registry, told apart by `kind`."""
    choices = tuple(Annotated[entry.item, Tag(entry.name)] for entry in registry)
    return Annotated[Union[choices], Discriminator(_kind)]  # noqa: UP007


def kinds_or_names(registry: Registry[Any]) -> Any:
    """As `kinds`, where the name of a kind alone stands for that kind with all its defaults."""
    return Annotated[kinds(registry), *by_name(registry)]


def _kind(section: Any) -> str | None:
    kind = section.get("kind") if isinstance(section, Mapping) else getattr(section, "kind", None)
    return None if kind is None else str(kind)


def by_name(registry: Registry[Any]) -> tuple[Any, ...]:
    """What makes of a field of `kinds` one that also takes the name of a kind alone, where its keys have their defaults:
    `sampling: blurpool` is `sampling: {kind: blurpool}`."""

    def named(section: Any) -> Any:
        if isinstance(section, str):
            return {"kind": section}
        if section is None or _kind(section):
            return section
        names = ", ".join(entry.name for entry in registry)
        raise ValueError(f"write the name of a {registry.noun} ({names}), or a mapping with its name as 'kind'")

    return BeforeValidator(named), _NameOr(registry)


class _NameOr:
    """For the JSON schema: what a name alone may be."""

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        mapping = handler(schema)
        return {"anyOf": [{"enum": [entry.name for entry in self.registry], "type": "string"}, mapping]}
