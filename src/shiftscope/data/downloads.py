"""Files from the internet: resumed where they broke off, verified, and under their final name only when they are whole."""

import errno
import hashlib
import json
import os
import random
import sys
import time
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.data.transfers import Again, attempt, size_of, tag_of

PATIENCE = 6
"""Attempts in a row that bring nothing, after which the download is given up."""
SILENCE_S = 30.0
"""Seconds without a byte after which a connection counts as stalled."""
LONGEST_WAIT_S = 60.0
"""Seconds between two attempts, at most, unless the other side asks for more."""


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
    size: int | None = None
    """Bytes, published with the sum; None: the size that the other side says counts."""

    @property
    def file(self) -> str:
        """The file's name, which is the last part of its address."""
        return PurePosixPath(urlsplit(self.address).path).name


def known() -> dict[str, Download]:
    """All rows of the table by name."""
    table = tomllib.loads(files("shiftscope.data").joinpath("downloads.toml").read_text(encoding="utf-8"))
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
    name : the name of a row of the table, or a row.
    mirror : another place that has the file: `<mirror>/<file name>`.
    silence_s : seconds without a byte after which a connection counts as stalled.
    wait : what waits a number of seconds between attempts.

    Raises
    ------
    ShiftscopeError
        Where an account is needed, the file is not there, `PATIENCE` attempts in a row bring nothing, the sum or the size
        is wrong, or the disk is full. What came is kept for the next time unless it is wrong.
    """
    row = name if isinstance(name, Download) else _row(name)
    path = folder / row.file
    if row.account is not None and not path.is_file():
        raise ShiftscopeError(f"{row.file} needs an account: register at {row.account}, and put the file into {folder}")
    address = f"{mirror.rstrip('/')}/{row.file}" if mirror else row.address
    if urlsplit(address).scheme not in ("http", "https"):
        raise ShiftscopeError(f"{address} is no address that begins with http:// or https://; correct 'mirror'")
    try:
        # What is there needs no lock, so it may lie where nobody may write.
        if path.is_file() or not _fetch_alone(row, address, path, silence_s, wait):
            _verify(row, path, path)
    except OSError as error:
        raise ShiftscopeError(
            f"{row.file} cannot be read or written in {folder}: {error.strerror or error}; choose another folder, or make "
            "room in this one"
        ) from None
    return path


def _row(name: str) -> Download:
    rows = known()
    if name not in rows:
        raise ShiftscopeError(unknown("download", name, rows))
    return rows[name]


def _fetch_alone(row: Download, address: str, path: Path, silence_s: float, wait: Callable[[float], None]) -> bool:
    """Fetch and verify the file unless another process does: that one is waited for. Whether it was fetched here."""
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{row.file}.lock")):
        if path.is_file():
            return False
        part = path.with_name(f".{row.file}.part")
        _fetch(row, address, part, silence_s, wait)
        _verify(row, part, path)
        part.replace(path)
        tag_of(part).unlink(missing_ok=True)
        return True


def _fetch(row: Download, address: str, part: Path, silence_s: float, wait: Callable[[float], None]) -> None:
    """Fetch until the part is whole; failures count only while nothing new comes."""
    failures = 0
    furthest = size_of(part)
    while True:
        try:
            attempt(
                address, part, size=row.size, published=row.published, checkable=row.sum is not None, silence_s=silence_s
            )
            return
        except Again as error:
            # The furthest ever: where the other side begins anew each time, a part may grow for ever and never be whole.
            failures = 1 if size_of(part) > furthest else failures + 1
            furthest = max(furthest, size_of(part))
            if failures >= PATIENCE:
                raise ShiftscopeError(
                    f"{address} could not be fetched ({error}); what came is kept, so try again later, or name another "
                    "place that has it as 'mirror'"
                ) from None
            # Exponential with full jitter, so that many who wait do not come back together.
            pause = random.uniform(0.5, 1) * min(LONGEST_WAIT_S, 2.0**failures)
            print(f"{address}: {error}; again in {pause:.0f} s", file=sys.stderr, flush=True)
            wait(max(pause, error.after_s or 0.0))


# Sums


def digest(path: Path, algorithm: str) -> str:
    """Hex digest of a file's contents by an algorithm that hashlib knows, such as ``sha256``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _verify(row: Download, found: Path, path: Path) -> None:
    """Check `found`, which is or will be `path`, against the published size and sum, or else the sum that was recorded.

    Raises a ShiftscopeError where it is another file; a part that is wrong is removed.
    """
    record = path.with_name(path.name + ".sum.json")
    said_by = row.published
    expected = row.sum
    if expected is None and record.is_file():
        expected = _recorded(record)
        said_by = f"{record.name}, recorded at the first download"
    algorithm, _, wanted = (expected or "sha256:").partition(":")
    size = size_of(found)
    has = digest(found, algorithm)
    if wanted and has != wanted:
        message = f"{found} has the {algorithm} sum {has}, but {wanted} was expected ({said_by})"
    elif row.size is not None and size != row.size:
        message = f"{found} has {size:,} bytes, but {row.size:,} were expected ({row.published})"
    else:
        if not wanted:
            _record(record, {"sum": f"{algorithm}:{has}", "size": size, "address": row.address})
        return
    if found != path:
        found.unlink()
        tag_of(found).unlink(missing_ok=True)
        raise ShiftscopeError(f"{message}; it was removed, so try again, or give another place as 'mirror'")
    or_record = "" if row.sum else f", or {record.name} if the new one is right"
    raise ShiftscopeError(f"{message}; remove it to fetch it again{or_record}")


def _recorded(record: Path) -> str:
    """The sum that was recorded. Raises a ShiftscopeError where the record holds none."""
    try:
        found = json.loads(record.read_text(encoding="utf-8"))["sum"]
        algorithm, _, value = found.partition(":")
        if len(bytes.fromhex(value)) == hashlib.new(algorithm).digest_size:
            return str(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ShiftscopeError(f"{record} is damaged: it has no sum; remove it if the file beside it is to be trusted as it is")


def _record(record: Path, facts: dict[str, str | int]) -> None:
    part = record.with_name(f".{record.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        part.replace(record)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        print(f"{record} cannot be written, so nothing will notice if the file changes later", file=sys.stderr, flush=True)
