"""The first stage: a source fetches what is not on this machine yet, and a note says where it is."""

import json
from pathlib import Path
from typing import Any

from shiftscope.core.files import complete
from shiftscope.sources import Source, sources


def fetch_source(*, kind: str, options: dict[str, Any], seed: int, path: str | Path) -> None:
    """Fetch what the source has to fetch into the folder ``source`` beside `path`, then write `path`: JSON with the kind
    and options of the source and that folder.

    Raises ShiftscopeError where something that the source needs is not there or cannot be fetched.
    """
    source = sources[kind].item.model_validate({**options, "kind": kind})
    source.check()
    folder = Path(path).parent / "source"
    source.fetch(folder, seed)
    with complete(path) as part:
        part.write_text(json.dumps({"kind": kind, "options": options, "folder": str(folder)}, indent=2) + "\n")


def source_from(*, kind: str, options: dict[str, Any], path: str | Path) -> tuple[Source, Path]:
    """The source, and the folder that `fetch_source` filled when it wrote `path`.

    Raises ShiftscopeError where something that the source needs is no longer there.
    """
    source = sources[kind].item.model_validate({**options, "kind": kind})
    source.check()
    return source, Path(json.loads(Path(path).read_text(encoding="utf-8"))["folder"])
