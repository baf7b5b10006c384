"""YAML and JSON files that people write, read so that nothing they wrote is ignored without a word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, reason
from shiftscope.core.values import check_extent, inside

MERGE = "tag:yaml.org,2002:merge"


def read_settings(path: Path) -> Any:
    """What a YAML or JSON file says, as mappings, lists, texts and numbers.

    PyYAML, json and with them Snakemake keep the last of several equal keys without a word. Here that is an error. A key
    that replaces one from a merge (`<<: *small`) does not count as a second one.

    Raises ShiftscopeError: a sentence for each key that is given twice, with its line; where the file cannot be read; and
    where it is larger, or stands for more, than any settings are (`limits`).
    """
    try:
        said, twice = _read(_text(path))
    except (OSError, ValueError, yaml.YAMLError) as error:
        said = reason(error) if type(error) is ValueError else str(error)  # YAML's errors say the place in further lines
        raise ShiftscopeError(f"{path} cannot be read: {said if len(said) < 500 else f'{said[:500]} …'}") from None
    except RecursionError:
        raise ShiftscopeError(
            f"{path} cannot be read: lists and mappings are nested more than {limits.DEPTH} deep"
        ) from None
    if twice:
        raise ShiftscopeError(
            "\n".join(f"{path}: {sentence}; only the last would count, so remove one" for sentence in twice)
        )
    return said


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(limits.FILE_BYTES + 1)
    if len(data) > limits.FILE_BYTES:
        raise ShiftscopeError(f"it has more than {limits.FILE_BYTES:,} bytes, so it is no file of settings")
    return data.decode("utf-8")


def _read(text: str) -> tuple[Any, list[str]]:
    """What a text in JSON or YAML says, and a sentence for each key that is given twice."""
    pairs: list[str] = []
    try:
        said = json.loads(text, object_pairs_hook=lambda found: _mapping(found, pairs))
    except json.JSONDecodeError:
        return _read_yaml(text)
    check_extent(said, inside)
    if not pairs:
        return said, []
    try:
        return said, _read_yaml(text)[1]  # with their lines; JSON is YAML, but for tabs
    except yaml.YAMLError:
        return said, pairs


def _read_yaml(text: str) -> tuple[Any, list[str]]:
    # Not by CSafeLoader, which crashes where brackets are nested very deeply.
    loader = yaml.SafeLoader(text)
    try:
        top = loader.get_single_node()
        if top is None:
            return None, []
        check_extent(top, _within)  # before merges (`<<: *small`) are carried out, which can take forever
        twice = list(_twice(loader, top, "", set()))
        return loader.construct_document(top), twice
    finally:
        loader.dispose()


def _within(node: yaml.Node) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _mapping(found: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    mapping = dict(found)
    if len(mapping) < len(found):
        keys = [key for key, _ in found]
        twice.append(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return mapping


def _twice(loader: yaml.SafeLoader, node: yaml.Node, above: str, seen: set[int]) -> Iterator[str]:
    """A sentence for each key that is given twice as it was written, before merges are carried out."""
    if id(node) in seen:  # an anchor's, which others refer to
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _twice(loader, part, above, seen)
    elif isinstance(node, yaml.MappingNode):
        line_of: dict[Any, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                line = key.start_mark.line + 1
                name = loader.construct_object(key)
                if name in line_of:
                    yield f"the key {above + key.value!r} is given in line {line_of[name]} and again in line {line}"
                line_of.setdefault(name, line)
                yield from _twice(loader, value, f"{above}{key.value}.", seen)
            else:
                yield from _twice(loader, value, above, seen)
