"""Files that are made from code: the manual and the JSON schema of the config from its model, and the table of networks'
input sizes from the libraries that have them. `shiftscope manual` writes them, and a test checks that they are up to
date."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shiftscope.config import SECTIONS, Config, Inference, Statistics
from shiftscope.engines import engines
from shiftscope.networks import Training, sizes
from shiftscope.sensitivity.measures import measures

TITLES = {"datasets": "Data sets", "networks": "Networks", "protocols": "Protocols"}


def files() -> dict[str, str]:
    """The text of each file, by its path below the project's folder."""
    return {
        "docs/config.md": config_manual(),
        "config/schema.json": json.dumps(config_schema(), indent=1) + "\n",
        f"src/shiftscope/networks/{sizes.TABLE.name}": sizes.generated(),
    }


def write(root: Path) -> None:
    """Write all files below `root`, the project's folder."""
    for path, text in files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def config_schema() -> dict[str, Any]:
    """JSON schema of a config, for editors that complete and check YAML."""
    return Config.model_json_schema()


def config_manual() -> str:
    """Every key with its default and its meaning, in Markdown."""
    parts = [
        "# The config, key by key",
        "Made from the model in `src/shiftscope/config/__init__.py` by `make manual`; edit it there.",
        "A config given with `--configfile` stands alone. A misspelt key is an error that lists the right ones.",
        "## The whole",
        _table(Config),
    ]
    for section, registry in SECTIONS.items():
        parts += [
            f"## {TITLES[section]}",
            f"`{section}:` is a mapping of names of your choice to settings; `kind` says which of these.",
        ]
        for entry in registry:
            needs = f" Needs {' and '.join(sorted(entry.needs))}." if entry.needs else ""
            parts += [
                f"### `kind: {entry.name}`",
                f"{_first(entry.item.__doc__)}{needs} Reference: {entry.reference}.",
                _table(entry.item),
            ]
    parts += ["## Training: `networks.<name>.train`", _table(Training)]
    parts += ["## `inference`", _table(Inference)]
    parts += ["Engines:\n\n" + "\n".join(f"- `{entry.name}`: {entry.title}; {entry.reference}" for entry in engines)]
    parts += ["## `statistics`", _table(Statistics)]
    parts += ["## Measures", "What `sensitivity.parquet` has for every network and protocol; none is set in the config."]
    parts += ["\n".join(f"- `{entry.name}` ({entry.unit}): {entry.title}; {entry.reference}" for entry in measures)]
    return "\n\n".join(parts) + "\n"


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _table(model: type[BaseModel]) -> str:
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        if name == "kind":
            continue
        default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        rows.append(f"| `{name}` | {default} | {' '.join((field.description or '').split())} |")
    return "\n".join(rows)


def _default(value: object) -> str:
    if isinstance(value, BaseModel) or value == {}:
        return "see below" if isinstance(value, BaseModel) else "none"
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        listed = [round(item, 4) if isinstance(item, float) else item for item in value]
        whole = len(listed) > 3 and all(isinstance(item, int) for item in listed)
        steady = whole and listed == list(range(int(listed[0]), int(listed[-1]) + 1))
        return f"`{listed[0]}..{listed[-1]}`" if steady else f"`{listed}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
