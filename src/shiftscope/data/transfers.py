"""One attempt to fetch a file over HTTP: it goes on where the last one broke off, if the file there is still the same.

What has come is kept in a part, a file beside the final one. A tag beside the part holds the validator (`ETag`, or else
`Last-Modified`; RFC 9110, section 8.8) of the state of the file that the part belongs to.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress

CHUNK = 1 << 20
"""Bytes that are read at a time, at most."""
LONGEST_ASKED_S = 600.0
"""Where the other side asks for a longer wait than this, the user is told instead of kept waiting. Seconds."""


class Again(Exception):
    """An attempt failed in a way that may pass. `after_s` is how many seconds the other side asks to wait, if it says
    so."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


def tag_of(part: Path) -> Path:
    """The file beside a part that says which state of the file the part belongs to."""
    return part.with_name(part.name + ".tag")


def size_of(path: Path) -> int:
    """The size of a file in bytes; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def attempt(
    address: str, part: Path, *, size: int | None, published: str | None, checkable: bool, silence_s: float
) -> None:
    """Ask for what `part` still lacks of the file at `address`, and append it.

    Parameters
    ----------
    address : where the file is, http or https.
    part : what came so far, or nothing yet.
    size : bytes that the file should have, where somebody publishes it; `published` says who.
    checkable : whether there is a sum that the whole file will be checked against.
    silence_s : seconds without a byte after which the connection counts as stalled.

    Raises
    ------
    Again
        Where another attempt may succeed: the connection broke, or the other side is busy or has a new state of the file.
    ShiftscopeError
        Where no further attempt can: the file is not there, has another size than published, cannot be checked at all, or
        does not fit on the disk.
    """
    import requests
    import urllib3

    state = tag_of(part).read_text(encoding="utf-8") if tag_of(part).exists() else ""
    # Without a validator of its state, a part cannot be trusted to be of the same file.
    resuming = bool(size_of(part) and state)
    headers = {"Range": f"bytes={size_of(part)}-", "If-Range": state} if resuming else {}
    headers["Accept-Encoding"] = "identity"
    try:
        with requests.get(address, headers=headers, stream=True, timeout=silence_s) as answer:
            _check_status(answer, address)
            if answer.status_code in (206, 416) and _is_whole(answer, part, state, resuming):
                return
            total = _total(answer)
            if size is not None and total is not None and total != size:
                part.unlink(missing_ok=True)
                raise ShiftscopeError(
                    f"{address} has {total:,} bytes, but {size:,} were expected ({published}); give a place that has the "
                    "right file as 'mirror'"
                )
            total = size if total is None else total
            if total is None and not checkable:
                _check_end_is_marked(answer, address)
            _receive(answer, address, part, total, state)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        _check_hope(error, address)
        raise Again(_reason(error, silence_s)) from None


def _is_whole(answer: Any, part: Path, state: str, resuming: bool) -> bool:
    """Whether an answer to a request for a range says that nothing is missing. Raises Again where it is about another range
    or another state of the file: the part is removed then."""
    start = size_of(part)
    # Not every server that knows ranges knows If-Range.
    same = resuming and _validator(answer) in ("", state)
    if answer.status_code == 416 and same and _total(answer) == start:
        return True
    if not same or not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        part.unlink(missing_ok=True)
        raise Again("the other side sent another file or another range than it was asked for")
    return False


def _receive(answer: Any, address: str, part: Path, total: int | None, state: str) -> None:
    """Append the body of an answer to the part. Raises Again unless it has `total` bytes then."""
    resumed = answer.status_code == 206
    with _full_disk_is_said(part, address, total):
        if not resumed:  # before the new tag is there: it is not the old part's
            part.unlink(missing_ok=True)
        if total is not None:
            _check_room(part, total - size_of(part), address)
        tag_of(part).write_text(_validator(answer) or (state if resumed else ""), encoding="utf-8")
        with part.open("ab") as file:
            # `read1` gives what is there already, however little: a whole chunk would be lost where the connection breaks.
            chunks = iter(lambda: answer.raw.read1(CHUNK), b"")
            _write(chunks, file, part.name, 0 if total is None else total - file.tell())
    if total is not None and size_of(part) > total:
        part.unlink()
        raise Again(f"it did not end after {total:,} bytes")
    if total is not None and size_of(part) < total:
        raise Again(f"it ended after {size_of(part):,} of {total:,} bytes")


def _write(chunks: Iterator[bytes], file: IO[bytes], name: str, missing: int) -> None:
    what = name.removeprefix(".").removesuffix(".part")
    for chunk in progress(chunks, missing, f"{what}, bytes", len):
        file.write(chunk)


@contextmanager
def _full_disk_is_said(part: Path, address: str, total: int | None) -> Iterator[None]:
    """Turns the error of a full disk into a ShiftscopeError; all other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        more = f", and {total - size_of(part):,} more are needed" if total is not None else ""
        raise ShiftscopeError(
            f"the disk of {part.parent} is full after {size_of(part):,} bytes of {address}{more}; make room and run again, "
            "what came is kept"
        ) from None


def _check_end_is_marked(answer: Any, address: str) -> None:
    """Raise a ShiftscopeError for a file of unknown length whose end the transfer does not mark."""
    if answer.headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise ShiftscopeError(
            f"{address} does not say how long it is, and nobody publishes its sum, so nobody would notice if it were cut "
            "off; give another place that has it as 'mirror'"
        )


def _validator(answer: Any) -> str:
    """Which state of the file an answer is about: its strong ETag, or else its date; "" where it has neither."""
    etag = str(answer.headers.get("ETag", ""))
    return etag if etag and not etag.startswith("W/") else str(answer.headers.get("Last-Modified", ""))


def _total(answer: Any) -> int | None:
    """The size of the whole file in bytes, by the header of an answer; None where that does not say."""
    if answer.status_code in (206, 416):
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        size = answer.headers.get("Content-Length", "")
    return int(size) if size.isascii() and size.isdigit() else None


def _check_status(answer: Any, address: str) -> None:
    status = answer.status_code
    if status in (408, 425, 429) or status >= 500:
        after = _seconds(answer.headers.get("Retry-After", ""))
        if after is not None and after > LONGEST_ASKED_S:
            raise ShiftscopeError(
                f"{address} answered {status} and asks to come again in {after:,.0f} s; run again then, what came is kept, "
                "or name another place that has it as 'mirror'"
            )
        raise Again(f"it answered {status}", after)
    if status not in (200, 206, 416):
        raise ShiftscopeError(
            f"{address} answered {status} {answer.reason}; if it has moved, give a place that has it as 'mirror'"
        )


def _seconds(after: str) -> float | None:
    """A Retry-After as seconds from now; the header holds seconds or a date (RFC 9110, section 10.2.3)."""
    if after.isascii() and after.isdigit():
        return float(after)
    try:
        when = parsedate_to_datetime(after)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _check_hope(error: Exception, address: str) -> None:
    """Raise a ShiftscopeError for an error that no further attempt can mend."""
    import requests

    if isinstance(error, requests.TooManyRedirects | ValueError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        raise ShiftscopeError(
            f"{address} cannot be fetched ({type(error).__name__}: {error}); give a place that has it as 'mirror'"
        ) from None


def _check_room(part: Path, needed: int, address: str) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise ShiftscopeError(
            f"{address} needs {needed:,} bytes more, but the disk of {part.parent} has only {free:,} free; make room"
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
