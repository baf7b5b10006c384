"""Files from the internet: resumed where they broke off, verified, and under their final name only when they are whole."""

import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.progress import progress

CHUNK = 1 << 20
PATIENCE = 6
"""Attempts in a row that bring nothing, after which the download is given up."""
SILENCE_S = 30.0
"""Without a byte for so long, a connection counts as stalled."""
LONGEST_WAIT_S = 60.0


class Download(NamedTuple):
    """A row of downloads.toml."""

    name: str
    address: str
    sum: str | None = None
    """``<algorithm>:<hex>``, published by somebody; None: recorded at the first download."""
    published: str | None = None
    """Where the sum is published."""
    account: str | None = None
    """Where one must register first; such files are not fetched here."""

    @property
    def file(self) -> str:
        """The file's name."""
        return PurePosixPath(urlsplit(self.address).path).name


class _Again(Exception):
    """An attempt failed in a way that may pass; `after_s`: how long the other side asks to wait."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


def known() -> dict[str, Download]:
    """All rows of the table by name."""
    table = tomllib.loads(files("shiftscope").joinpath("downloads.toml").read_text(encoding="utf-8"))
    return {name: Download(name, **row) for name, row in table.items()}


def download(
    name: str | Download,
    folder: Path,
    *,
    mirror: str | None = None,
    silence_s: float = SILENCE_S,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """The file in `folder`, fetched unless it is there.

    Parameters
    ----------
    name : of a row of the table, or a row.
    mirror : another place that has the file: `<mirror>/<file name>`.
    silence_s : seconds without a byte after which a connection counts as stalled.
    wait : how waiting between attempts is done.

    Raises
    ------
    ShiftscopeError
        Where an account is needed, the file is not there, the other side fails `PATIENCE` times in a row, the sum or the
        size is wrong, or the disk is full. The part that was fetched stays for the next time unless it is wrong.
    """
    row = name if isinstance(name, Download) else _row(name)
    path = folder / row.file
    if row.account is not None and not path.is_file():
        raise ShiftscopeError(f"{row.file} needs an account: register at {row.account}, and put the file into {folder}")
    address = f"{mirror.rstrip('/')}/{row.file}" if mirror else row.address
    if urlsplit(address).scheme not in ("http", "https"):
        raise ShiftscopeError(f"{address} is no address that begins with http:// or https://; correct 'mirror'")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f".{row.file}.lock"):
        if not path.is_file():
            part = folder / f".{row.file}.part"
            _fetch(address, part, silence_s, wait)
            _verify(row, part, path)
            part.replace(path)
            _tag(part).unlink(missing_ok=True)
        else:
            _verify(row, path, path)
    return path


def _row(name: str) -> Download:
    rows = known()
    if name not in rows:
        raise ShiftscopeError(unknown("download", name, rows))
    return rows[name]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time: the second waits, and finds the file."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _tag(part: Path) -> Path:
    """Beside a part: which state of the file it is a part of."""
    return part.with_name(part.name + ".tag")


def _fetch(address: str, part: Path, silence_s: float, wait: Callable[[float], None]) -> None:
    """Fetch until the part is whole; failures count only while nothing comes."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _attempt(address, part, silence_s)
            return
        except _Again as error:
            failures = 1 if _size(part) > before else failures + 1
            if failures >= PATIENCE:
                raise ShiftscopeError(
                    f"{address} could not be fetched ({error}); what came is kept, so try again later, or name another "
                    "place that has it as 'mirror'"
                ) from None
            # Exponential with full jitter, so that many who wait do not come back together.
            pause = random.uniform(0.5, 1) * min(LONGEST_WAIT_S, 2.0**failures)
            print(f"{address}: {error}; again in {pause:.0f} s", file=sys.stderr, flush=True)
            wait(max(pause, error.after_s or 0.0))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _attempt(address: str, part: Path, silence_s: float) -> None:
    import requests
    import urllib3

    start = _size(part)
    state = _tag(part).read_text(encoding="utf-8") if _tag(part).exists() else ""
    # Without a mark of which state it was, a part cannot be trusted to be of the same file.
    headers = {"Range": f"bytes={start}-", "If-Range": state} if start and state else {}
    headers["Accept-Encoding"] = "identity"
    try:
        with requests.get(address, headers=headers, stream=True, timeout=silence_s) as answer:
            _check_status(answer, address)
            if answer.status_code == 416:
                part.unlink()
                raise _Again("the other side has another file than the part is of")
            resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            if answer.status_code == 206 and not resumed:
                part.unlink()
                raise _Again("the other side sent another range than it was asked for")
            length = answer.headers.get("Content-Length")
            total = (start if resumed else 0) + int(length) if length else None
            if total is not None:
                _check_room(part, total - (start if resumed else 0), address)
            strong = answer.headers.get("ETag", "")
            mark = strong if strong and not strong.startswith("W/") else answer.headers.get("Last-Modified", "")
            _tag(part).write_text(mark, encoding="utf-8")
            with part.open("ab" if resumed else "wb") as file:
                # What is there already, however little: a whole chunk would be lost where the connection breaks.
                chunks = iter(lambda: answer.raw.read1(CHUNK), b"")
                _write(chunks, file, part.name, total, file.tell())
            if total is not None and _size(part) != total:
                raise _Again(f"it ended after {_size(part):,} of {total:,} bytes")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _Again(_reason(error, silence_s)) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ShiftscopeError(
                f"the disk of {part.parent} is full after {_size(part):,} bytes of {address}; make room and run again, "
                "what came is kept"
            ) from None
        raise


def _write(chunks: Iterator[bytes], file: IO[bytes], name: str, total: int | None, start: int) -> None:
    what = name.removeprefix(".").removesuffix(".part")
    for chunk in progress(chunks, (total or 0) - start, f"{what}, bytes", len):
        file.write(chunk)


def _check_status(answer: Any, address: str) -> None:
    status = answer.status_code
    if status in (408, 425, 429) or status >= 500:
        after = answer.headers.get("Retry-After", "")
        raise _Again(f"it answered {status}", float(after) if after.isdigit() else None)
    if status not in (200, 206, 416):
        raise ShiftscopeError(
            f"{address} answered {status} {answer.reason}; if it has moved, give a place that has it as 'mirror'"
        )


def _check_room(part: Path, needed: int, address: str) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise ShiftscopeError(
            f"{address} needs {needed:,} bytes more, and the disk of {part.parent} has {free:,} free; make room"
        )


def _reason(error: Exception, silence_s: float) -> str:
    import requests

    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"nothing came for {silence_s:g} s"
    inner: Any = error
    while inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    return f"the connection failed: {type(inner).__name__}"


# Sums


def digest(path: Path, algorithm: str) -> str:
    """Hex digest of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _verify(row: Download, found: Path, path: Path) -> None:
    """Hold `found`, which is or will be `path`, to the published sum, or else to the one that was recorded."""
    record = path.with_name(path.name + ".sum.json")
    said_by = row.published
    expected = row.sum
    if expected is None and record.is_file():
        with suppress(ValueError, KeyError):
            expected = str(json.loads(record.read_text(encoding="utf-8"))["sum"])
            said_by = f"{record.name}, recorded at the first download"
    algorithm, _, wanted = (expected or "sha256:").partition(":")
    has = digest(found, algorithm)
    if not wanted:
        part = record.with_name(f".{record.name}.{os.getpid()}.part")
        part.write_text(
            json.dumps({"sum": f"{algorithm}:{has}", "address": row.address}, indent=2) + "\n", encoding="utf-8"
        )
        part.replace(record)
    elif has != wanted:
        message = f"{found} has the {algorithm} sum {has}, and {wanted} was expected ({said_by})"
        if found != path:
            found.unlink()
            _tag(found).unlink(missing_ok=True)
            raise ShiftscopeError(f"{message}; it was removed, so try again, or give another place as 'mirror'")
        raise ShiftscopeError(f"{message}; remove it to fetch it again, or {record.name} if the new one is right")
