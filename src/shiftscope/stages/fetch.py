"""The first stage: what a data set needs is on this machine, and a note says where."""

import json
from pathlib import Path
from typing import Any

from shiftscope.core.files import complete
from shiftscope.sources import Source, sources


def fetch_source(*, kind: str, options: dict[str, Any], seed: int, path: str | Path) -> None:
    """Fetch what the source has to fetch into the folder ``source`` beside `path`, then write `path`, which says so."""
    source = sources[kind].item.model_validate({**options, "kind": kind})
    source.check()
    folder = Path(path).parent / "source"
    source.fetch(folder, seed)
    with complete(path) as part:
        part.write_text(json.dumps({"kind": kind, "options": options, "folder": str(folder)}, indent=2) + "\n")


def source_from(*, kind: str, options: dict[str, Any], path: str | Path) -> tuple[Source, Path]:
    """The source, and the folder that `fetch_source` filled when it wrote `path`."""
    source = sources[kind].item.model_validate({**options, "kind": kind})
    source.check()
    return source, Path(json.loads(Path(path).read_text(encoding="utf-8"))["folder"])
