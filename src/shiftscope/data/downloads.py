"""Files from the internet: resumed where they broke off, verified, and under their final name only when they are whole."""

import errno
import hashlib
import json
import os
import random
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.core.progress import progress

CHUNK = 1 << 20
PATIENCE = 6
"""Attempts in a row that bring nothing, after which the download is given up."""
SILENCE_S = 30.0
"""Without a byte for so long, a connection counts as stalled."""
LONGEST_WAIT_S = 60.0
LONGEST_ASKED_S = 600.0
"""Where the other side asks for a longer wait than this, it is said rather than slept."""


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
    """Bytes, published with the sum; None: what the other side says counts."""

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
    from filelock import FileLock

    row = name if isinstance(name, Download) else _row(name)
    path = folder / row.file
    if row.account is not None and not path.is_file():
        raise ShiftscopeError(f"{row.file} needs an account: register at {row.account}, and put the file into {folder}")
    address = f"{mirror.rstrip('/')}/{row.file}" if mirror else row.address
    if urlsplit(address).scheme not in ("http", "https"):
        raise ShiftscopeError(f"{address} is no address that begins with http:// or https://; correct 'mirror'")
    try:
        # What is there needs no lock, so it may lie where nobody may write.
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            # One process at a time: the second waits, and finds the file.
            with FileLock(folder / f".{row.file}.lock"):
                if not path.is_file():
                    part = folder / f".{row.file}.part"
                    _fetch(row, address, part, silence_s, wait)
                    _verify(row, part, path)
                    part.replace(path)
                    _tag(part).unlink(missing_ok=True)
                    return path
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


def _tag(part: Path) -> Path:
    """Beside a part: which state of the file it is a part of."""
    return part.with_name(part.name + ".tag")


def _fetch(row: Download, address: str, part: Path, silence_s: float, wait: Callable[[float], None]) -> None:
    """Fetch until the part is whole; failures count only while nothing new comes."""
    failures = 0
    furthest = _size(part)
    while True:
        try:
            _attempt(row, address, part, silence_s)
            return
        except _Again as error:
            # The furthest ever: where the other side begins anew each time, a part may grow for ever and never be whole.
            failures = 1 if _size(part) > furthest else failures + 1
            furthest = max(furthest, _size(part))
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


def _mark(answer: Any) -> str:
    """Which state of the file an answer is about; "" where it does not say."""
    etag = str(answer.headers.get("ETag", ""))
    return etag if etag and not etag.startswith("W/") else str(answer.headers.get("Last-Modified", ""))


def _attempt(row: Download, address: str, part: Path, silence_s: float) -> None:
    import requests
    import urllib3

    start = _size(part)
    state = _tag(part).read_text(encoding="utf-8") if _tag(part).exists() else ""
    # Without a mark of which state it was, a part cannot be trusted to be of the same file.
    headers = {"Range": f"bytes={start}-", "If-Range": state} if start and state else {}
    headers["Accept-Encoding"] = "identity"
    total: int | None = None
    try:
        with requests.get(address, headers=headers, stream=True, timeout=silence_s) as answer:
            _check_status(answer, address)
            resumed = answer.status_code == 206
            total = _total(answer)
            if answer.status_code in (206, 416):
                # Not all who know ranges know If-Range.
                same = "Range" in headers and _mark(answer) in ("", state)
                if answer.status_code == 416 and same and total == start:
                    return
                if not same or not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                    part.unlink(missing_ok=True)
                    raise _Again("the other side has another file or range than it was asked for")
            if row.size is not None and total is not None and total != row.size:
                part.unlink(missing_ok=True)
                raise ShiftscopeError(
                    f"{address} has {total:,} bytes, and {row.size:,} were expected ({row.published}); give a place that "
                    "has the right file as 'mirror'"
                )
            total = row.size if total is None else total
            ends_by_itself = answer.headers.get("Transfer-Encoding", "").lower() == "chunked"
            if total is None and row.sum is None and not ends_by_itself:
                raise ShiftscopeError(
                    f"{address} does not say how long it is, and nobody publishes its sum, so that it may be cut off "
                    "unseen; give another place that has it as 'mirror'"
                )
            if not resumed:  # before the new mark is there: it is not the old part's
                part.unlink(missing_ok=True)
            if total is not None:
                _check_room(part, total - _size(part), address)
            _tag(part).write_text(_mark(answer) or (state if resumed else ""), encoding="utf-8")
            with part.open("ab") as file:
                # What is there already, however little: a whole chunk would be lost where the connection breaks.
                chunks = iter(lambda: answer.raw.read1(CHUNK), b"")
                _write(chunks, file, part.name, total, file.tell())
            if total is not None and _size(part) != total:
                if _size(part) > total:
                    part.unlink()
                    raise _Again(f"it did not end after {total:,} bytes")
                raise _Again(f"it ended after {_size(part):,} of {total:,} bytes")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        _check_hope(error, address)
        raise _Again(_reason(error, silence_s)) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            more = f", and {total - _size(part):,} more are needed" if total is not None else ""
            raise ShiftscopeError(
                f"the disk of {part.parent} is full after {_size(part):,} bytes of {address}{more}; make room and run "
                "again, what came is kept"
            ) from None
        raise


def _total(answer: Any) -> int | None:
    """Bytes of the whole file, by what an answer says of it."""
    if answer.status_code in (206, 416):
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        size = answer.headers.get("Content-Length", "")
    return int(size) if size.isascii() and size.isdigit() else None


def _write(chunks: Iterator[bytes], file: IO[bytes], name: str, total: int | None, start: int) -> None:
    what = name.removeprefix(".").removesuffix(".part")
    for chunk in progress(chunks, 0 if total is None else total - start, f"{what}, bytes", len):
        file.write(chunk)


def _check_status(answer: Any, address: str) -> None:
    status = answer.status_code
    if status in (408, 425, 429) or status >= 500:
        after = _seconds(answer.headers.get("Retry-After", ""))
        if after is not None and after > LONGEST_ASKED_S:
            raise ShiftscopeError(
                f"{address} answered {status} and asks to come again in {after:,.0f} s; run again then, what came is kept, "
                "or name another place that has it as 'mirror'"
            )
        raise _Again(f"it answered {status}", after)
    if status not in (200, 206, 416):
        raise ShiftscopeError(
            f"{address} answered {status} {answer.reason}; if it has moved, give a place that has it as 'mirror'"
        )


def _seconds(after: str) -> float | None:
    """A Retry-After, which is seconds or a date (RFC 9110, 10.2.3)."""
    if after.isascii() and after.isdigit():
        return float(after)
    try:
        when = parsedate_to_datetime(after)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _check_hope(error: Exception, address: str) -> None:
    """Refuse what no further attempt can mend."""
    import requests

    if isinstance(error, requests.TooManyRedirects | ValueError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        raise ShiftscopeError(
            f"{address} cannot be fetched ({type(error).__name__}: {error}); give a place that has it as 'mirror'"
        ) from None


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
    if "IncompleteRead" in str(error):
        return "it broke off"
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
    """Hold `found`, which is or will be `path`, to the published size and sum, or else to the sum that was recorded."""
    record = path.with_name(path.name + ".sum.json")
    said_by = row.published
    expected = row.sum
    if expected is None and record.is_file():
        expected = _recorded(record)
        said_by = f"{record.name}, recorded at the first download"
    algorithm, _, wanted = (expected or "sha256:").partition(":")
    size = _size(found)
    has = digest(found, algorithm)
    if wanted and has != wanted:
        message = f"{found} has the {algorithm} sum {has}, and {wanted} was expected ({said_by})"
    elif row.size is not None and size != row.size:
        message = f"{found} has {size:,} bytes, and {row.size:,} were expected ({row.published})"
    else:
        if not wanted:
            _record(record, {"sum": f"{algorithm}:{has}", "size": size, "address": row.address})
        return
    if found != path:
        found.unlink()
        _tag(found).unlink(missing_ok=True)
        raise ShiftscopeError(f"{message}; it was removed, so try again, or give another place as 'mirror'")
    or_record = "" if row.sum else f", or {record.name} if the new one is right"
    raise ShiftscopeError(f"{message}; remove it to fetch it again{or_record}")


def _recorded(record: Path) -> str:
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
        print(f"{record} cannot be written, so the file is not held to its sum", file=sys.stderr, flush=True)
