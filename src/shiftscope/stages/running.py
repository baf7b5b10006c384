"""How networks were run: what jobs note beside their predictions, and these notes put together."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.core.files import complete


class Running(Table):
    """A JSON file beside each file of predictions, not a table, with these keys: how the network was run."""

    files = (
        "<data set>/predictions/<protocol>/<network>.json",
        "<data set>/predictions/<protocol>/<network>/<shard>.json",
    )
    frames = Column(pl.Int64)
    """The number of frames: the rows of the predictions."""
    windows = Column(pl.Int64)
    """The number of distinct frames, each of which went through the network once."""
    batch_size = Column(pl.Int64)
    """The number of frames that were computed at once, at the end of the job: that of `card.json`, or less where the memory
    was too small for it. Of several shards, the smallest."""
    audited = Column(pl.Int64)
    """The number of distinct frames that eager torch answered in float32 as well, by `inference.audit`."""
    audited_changed = Column(pl.Int64)
    """The number of these for which it has another top class."""


RUNNING = Running.schema()


def write_running(path: str | Path, noted: dict[str, int]) -> None:
    """Write the keys of `RUNNING`, complete or not at all."""
    with complete(path) as part:
        part.write_text(json.dumps({name: noted[name] for name in RUNNING}, indent=2) + "\n")


def read_running(path: str | Path) -> dict[str, Any]:
    """What `write_running` wrote."""
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def together(notes: Iterable[dict[str, int]]) -> dict[str, int]:
    """The notes of several jobs as one.

    >>> one = {"frames": 9, "windows": 5, "batch_size": 8, "audited": 1, "audited_changed": 0}
    >>> together([one, {**one, "batch_size": 4, "audited_changed": 1}])
    {'frames': 18, 'windows': 10, 'batch_size': 4, 'audited': 2, 'audited_changed': 1}
    """
    found = list(notes)
    return {name: (min if name == "batch_size" else sum)(note[name] for note in found) for name in RUNNING}
