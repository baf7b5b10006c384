"""What an example may do: take so much time and memory, and open no file but its own."""

import os
import resource
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shiftscope.core.errors import ShiftscopeError

SECONDS = 30
"""Of the processor's time, for one example."""
MEMORY = 2_000_000_000
"""Bytes by which the largest memory of this process may grow over all examples."""
SENTENCE = 20_000
"""Characters of an error: it may have a sentence for each of many keys."""
READABLE = tuple(
    str(Path(path).resolve())
    for path in {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), Path(__file__).parents[2], "/usr", "/lib", "/proc", "/sys", "/dev"}
)  # fmt: skip
"""Where libraries and the system have their own files."""
STARTED = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "socket.getaddrinfo")
CHANGED = (
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
    "shutil.rmtree",
)
MODULES = (".py", ".pyc", ".so")

_allowed: list[str] = []
"""The folder of the example that is running; empty outside of examples."""
_seen: list[str] = []
_audited = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _allowed:
        return
    if event in STARTED:
        _seen.append(f"{event} {arguments[:1]}")
    elif event in CHANGED or event == "open":
        names = arguments[: 2 if event in ("os.rename", "os.link") else 1]
        paths = [os.fsdecode(name) for name in names if isinstance(name, str | bytes | os.PathLike)]
        _seen.extend(f"{event} {path!r}" for path in paths if _is_strange(path, event, arguments))


def _is_strange(name: str, event: str, arguments: tuple[Any, ...]) -> bool:
    path = os.path.abspath(name)  # noqa: PTH100  # what may be no path at all
    if path.startswith(_allowed[0]) or path == "/dev/null" or "__pycache__" in path:
        return False
    writes = event != "open" or bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return writes or not (path.startswith(READABLE) or path.endswith(MODULES))


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """A context that ends well, or with a ShiftscopeError of moderate length, and has touched nothing outside `folder`."""
    global _audited
    if not _audited:
        sys.addaudithook(_audit)
        _audited = True
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    handler = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
    _seen.clear()
    _allowed.append(str(folder.resolve()))
    said = ""
    try:
        yield
    except ShiftscopeError as error:
        said = str(error)
    finally:
        _allowed.clear()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
    assert len(said) < SENTENCE
    assert not _seen, _seen
    assert time.process_time() - start < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


def _too_long(number: int, frame: object) -> None:
    raise AssertionError(f"an example took more than {2 * SECONDS} s")
