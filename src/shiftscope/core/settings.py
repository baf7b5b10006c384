"""YAML and JSON files that people write, read so that nothing they wrote is ignored without a word."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shiftscope.core.errors import ShiftscopeError

MERGE = "tag:yaml.org,2002:merge"


def read_settings(path: Path) -> Any:
    """What a YAML or JSON file says, as mappings, lists, texts and numbers.

    PyYAML, json and with them Snakemake keep the last of several equal keys without a word. Here that is an error. A key
    that replaces one from a merge (`<<: *small`) does not count as a second one.

    Raises ShiftscopeError: a sentence for each key that is given twice, with its line; and where the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        try:
            pairs: list[str] = []
            said = json.loads(text, object_pairs_hook=lambda found: _mapping(found, pairs))
            twice = (list(_twice_in_yaml(text)) or pairs) if pairs else []
        except json.JSONDecodeError:
            said = yaml.safe_load(text)
            twice = list(_twice_in_yaml(text))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ShiftscopeError(f"{path} cannot be read: {error}") from None
    if twice:
        raise ShiftscopeError(
            "\n".join(f"{path}: {sentence}; only the last would count, so remove one" for sentence in twice)
        )
    return said


def _mapping(found: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    mapping = dict(found)
    if len(mapping) < len(found):
        keys = [key for key, _ in found]
        twice.append(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return mapping


def _twice_in_yaml(text: str) -> Iterator[str]:
    """Looked for in what was written, before merges are carried out. JSON is YAML, but for tabs."""
    loader = yaml.SafeLoader(text)
    try:
        top = loader.get_single_node()
        yield from _twice(loader, top, "", set()) if top is not None else ()
    except yaml.YAMLError:
        return  # of what is JSON alone
    finally:
        loader.dispose()


def _twice(loader: yaml.SafeLoader, node: yaml.Node, above: str, seen: set[int]) -> Iterator[str]:
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
