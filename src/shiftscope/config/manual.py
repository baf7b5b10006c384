"""Files that are made from code: the manual and the JSON schema of the config from its model, the columns of tables from
their declarations, and the table of networks' input sizes from the libraries that have them. `shiftscope manual` writes
them, and a test checks that they are up to date."""

import json
from inspect import get_annotations
from pathlib import Path
from typing import Any

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from pydantic import BaseModel

from shiftscope import association, bias, cause, remedies, sensitivity
from shiftscope.cause.measures import measures as layer_measures
from shiftscope.config import SECTIONS, Config
from shiftscope.config.sections import Cause, Inference, Statistics
from shiftscope.core import tables
from shiftscope.core.columns import Table
from shiftscope.core.options import Options
from shiftscope.core.registry import Entry
from shiftscope.engines import engines
from shiftscope.networks import accuracies, sizes, suitable
from shiftscope.networks.augmentations import augmentations
from shiftscope.networks.sampling import samplings as kinds_of_sampling
from shiftscope.networks.training import Training
from shiftscope.remedies import scores
from shiftscope.report import results
from shiftscope.sensitivity.measures import measures
from shiftscope.stages import card, choosing, learning_curve, price, running, source_files

SOURCES = Path(__file__).parents[2]
OF_STAGES = (tables, source_files, running, card, choosing, price, learning_curve)
DECLARING = (*OF_STAGES, sensitivity, results, cause, remedies, scores, bias, association)
"""The modules that declare tables, in the order of the manual."""
TITLES = {"datasets": "Data sets", "networks": "Networks", "protocols": "Protocols", "remedies": "Remedies"}


def files() -> dict[str, str]:
    """The text of each file, by its path below the project's folder."""
    return {
        "docs/config.md": config_manual(),
        "docs/tables.md": tables_manual(),
        "config/schema.json": json.dumps(config_schema(), indent=1) + "\n",
        f"src/shiftscope/networks/{sizes.TABLE.name}": sizes.generated(),
        f"src/shiftscope/networks/{accuracies.TABLE.name}": accuracies.generated(),
    }


def write(root: Path, *, samplings: bool = False) -> None:
    """Write all files below `root`, the project's folder; with `samplings` also the table of architectures that a sampling
    cannot be put into, which takes minutes."""
    slow = {f"src/shiftscope/networks/{suitable.TABLE.name}": suitable.generated()} if samplings else {}
    for path, text in (files() | slow).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def config_schema() -> dict[str, Any]:
    """JSON schema of a config, for editors that complete and check YAML."""
    return Config.model_json_schema()


def config_manual() -> str:
    """Every key with its default and its meaning, in Markdown."""
    parts = [
        "# The config, key by key",
        "Made from the model in `src/shiftscope/config` by `make manual`; edit it there.",
        "A config given with `--configfile` stands alone. A misspelt key is an error that lists the right ones.",
        "## The whole",
        _table(Config),
    ]
    for section, registry in SECTIONS.items():
        parts += [
            f"## {TITLES[section]}",
            f"`{section}:` is a mapping of names of your choice to settings; `kind` says which of these.",
        ]
        parts += [_kind(entry) for entry in registry]
    parts += ["## Sampling: `networks.<name>.sampling`"]
    parts += [
        "The name of one of these, such as `sampling: blurpool`, or a mapping, as `sampling: {kind: blurpool, filter: 5}`."
    ]
    parts += [_kind(entry) for entry in kinds_of_sampling]
    parts += ["## Training: `networks.<name>.train`", _table(Training)]
    parts += ["## Augmentations: `networks.<name>.train.augmentation`"]
    for augmentation in augmentations:
        parts += [
            f"### `{augmentation.name}`",
            f"{_first(augmentation.item.__doc__)} Reference: {augmentation.reference}.",
            *([_table(augmentation.item)] if len(augmentation.item.model_fields) > 1 else []),
        ]
    parts += ["## `inference`", _table(Inference)]
    parts += ["Engines:\n\n" + "\n".join(f"- `{entry.name}`: {entry.title}; {entry.reference}" for entry in engines)]
    parts += ["## `statistics`", _table(Statistics)]
    parts += ["## `cause`", _table(Cause)]
    of_layers = "\n".join(f"- `{entry.name}` ({entry.unit}): {entry.title}; {entry.reference}" for entry in layer_measures)
    parts += ["Measures of layers, which `layers.parquet` has; none is set in the config.", of_layers]
    parts += ["## Measures", "What `sensitivity.parquet` has for every network and protocol; none is set in the config."]
    parts += ["\n".join(f"- `{entry.name}` ({entry.unit}): {entry.title}; {entry.reference}" for entry in measures)]
    return "\n\n".join(parts) + "\n"


def _kind(entry: Entry[Any]) -> str:
    """One kind with its keys, if it has any."""
    needs = f" Needs {' and '.join(sorted(entry.needs))}." if entry.needs else ""
    parts = [f"### `kind: {entry.name}`", f"{_first(entry.item.__doc__)}{needs} Reference: {entry.reference}."]
    return "\n\n".join([*parts, _table(entry.item)] if _own_first(entry.item) else parts)


def declared_tables() -> list[type[Table]]:
    """All tables, in the order of the manual."""
    there = [item for module in DECLARING for item in vars(module).values() if isinstance(item, type)]
    return [item for item in there if issubclass(item, Table) and item.files]


def tables_manual() -> str:
    """Every file of results with its columns, their types, units and meanings, in Markdown."""
    modules = ", ".join(f"`src/{Path(str(module.__file__)).relative_to(SOURCES).as_posix()}`" for module in DECLARING)
    parts = [
        "# The tables, column by column",
        f"Made from the declarations in {modules} by `make manual`; edit them there.",
        "All files lie below the folder that the config names as `results`. `<data set>`, `<protocol>` and `<network>` are "
        "names in the config, `<input size>` is in px, and `<shard>` is such as `1of2`, or `1of1` where the config has no "
        "`shards`. Tables are Parquet files, which polars, pandas, DuckDB and R read. What is not known is null.",
        'The measures and their units are listed in [config.md](config.md#measures). The unit "of the protocol" is that of '
        "what the protocol sweeps, such as px or degrees.",
    ]
    for declared in declared_tables():
        parts += [
            f"## {' and '.join(f'`{file}`' for file in declared.files)}",
            _first(declared.__doc__),
            _columns(declared),
        ]
    return "\n\n".join(parts) + "\n"


def _columns(declared: type[Table]) -> str:
    rows = ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
    meanings = declared.meanings()
    for name, column in declared.columns().items():
        rows.append(f"| `{name}` | {_type(column.dtype)} | {column.unit} | {' '.join(meanings.get(name, '').split())} |")
    return "\n".join(rows)


def _type(dtype: DataType | DataTypeClass) -> str:
    """A type in words that do not depend on a library, such as ``list of float32``."""
    if isinstance(dtype, pl.List):
        return f"list of {_type(dtype.inner)}"
    named = {pl.String: "text", pl.Boolean: "true or false", pl.Binary: "bytes", pl.Struct: "mapping"}
    return next((word for kind, word in named.items() if dtype == kind), str(dtype).lower())


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _table(model: type[Options]) -> str:
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    meanings = model.meanings()
    for name in _own_first(model):
        field = model.model_fields[name]
        default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
        rows.append(f"| `{name}` | {default} | {' '.join(meanings.get(name, '').split())} |")
    return "\n".join(rows)


def _own_first(model: type[BaseModel]) -> list[str]:
    """The keys of a section without `kind`: first those that it declares itself, then those that it shares with others."""
    declared: dict[str, int] = {}
    for distance, base in enumerate(model.__mro__):
        for name in get_annotations(base):
            declared.setdefault(name, distance)
    return sorted((name for name in model.model_fields if name != "kind"), key=declared.__getitem__)


def _default(value: object) -> str:
    if isinstance(value, BaseModel) or value == {}:
        kind = getattr(value, "kind", None)
        return f"`{kind}`" if kind else "see below" if isinstance(value, BaseModel) else "none"
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        listed = [round(item, 4) if isinstance(item, float) else item for item in value]
        whole = len(listed) > 3 and all(isinstance(item, int) for item in listed)
        steady = whole and listed == list(range(int(listed[0]), int(listed[-1]) + 1))
        return f"`{listed[0]}..{listed[-1]}`" if steady else f"`{listed}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
