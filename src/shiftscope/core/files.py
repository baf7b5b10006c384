"""Writing files so that they are either complete or absent."""

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sweep(path: Path) -> None:
    """Remove what killed processes of this machine left beside `path`."""
    if not (strays := _strays(str(path.parent.absolute()))):
        return  # the usual case, in which a pattern for each file would take longer than to write it
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{re.escape(socket.gethostname())}\.(\d+)\.part")
    for name in strays:
        found = pattern.fullmatch(name)
        if found and not _alive(int(found[1])):
            _remove(path.with_name(name))


@lru_cache(maxsize=256)
def _strays(folder: str) -> tuple[str, ...]:
    """The names of unfinished files in a folder when this process first wrote there. A folder is looked through once, since
    it may get a million files, one after the other."""
    with os.scandir(folder) as entries:
        return tuple(entry.name for entry in entries if entry.name.startswith(".") and entry.name.endswith(".part"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")


@contextmanager
def complete(path: str | Path) -> Iterator[Path]:
    """A context with a name to write to. The file is renamed to `path` when the block ends well, and removed when it does
    not.

    What killed processes of this machine left beside `path` is removed first.

    The name is this process's own, so a job that was given up but still runs cannot spoil the file of the job that
    took its place.
    """
    path = Path(path)
    part = _part(path)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """A context with an empty folder of this process's own beside `path`, which is removed when the block ends. What killed
    processes of this machine left there is removed first."""
    folder = _part(Path(path))
    folder.mkdir()
    try:
        yield folder
    finally:
        _remove(folder)
