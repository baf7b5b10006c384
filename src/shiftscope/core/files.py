"""Writing files so that they are either complete or absent."""

import glob
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{re.escape(socket.gethostname())}\.(\d+)\.part")
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        found = pattern.fullmatch(stray.name)
        if found and not _alive(int(found[1])):
            _remove(stray)


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
