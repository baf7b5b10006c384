"""What is known of each file of a run: a sum of its content, and what it was made of.

A record lies beside its file, in a hidden folder, so that the file itself is the same whoever made it and no format has to
have room for it. There a file can also have a second name (a hard link, which takes no room), by which it is found again
when Snakemake has deleted it: it deletes all files of a job before that runs, and when it fails.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete

FOLDER = ".records"
"""Where the records of the files of a folder are."""


class Record(NamedTuple):
    """What is known of a file."""

    sha256: str
    """The SHA-256 digest of its content, as `sha256sum` prints it."""
    rule: str
    """The rule of the workflow that made it."""
    wildcards: dict[str, str]
    """What that job was about, such as the data set and the network."""
    made_with: list[str]
    """All files that the job made, as Snakemake names them."""
    made_of: dict[str, str]
    """The files that it was made of, as Snakemake names them, each with the digest that it had then."""
    params: dict[str, Any]
    """The parameters of the rule: what the config decided, and `code`, a digest of the code."""
    versions: dict[str, str]
    """The versions of Python and of the libraries that the job had loaded."""
    machine: dict[str, str]
    """The processor, the system and, where it was used, the GPU."""


class Damaged(ShiftscopeError):
    """A file is not what was written, or not what another file was made of."""

    def __init__(self, path: str | Path, what: str) -> None:
        self.path = str(path)
        again = f"to have it made again, with all that follows from it, run the same command with '{remedy([self.path])}'"
        super().__init__(f"{path} {what}; {again}")


def remedy(paths: list[str]) -> str:
    """What has to be added to Snakemake's command so that it makes files again, and what was made of them.

    >>> remedy(["results/my digits/boxes.parquet"])
    "--forcerun 'results/my digits/boxes.parquet'"
    """
    return f"--forcerun {shlex.join(paths)}"


def sha256_of(path: str | Path) -> str:
    """The SHA-256 digest of a file: 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_path(path: str | Path) -> Path:
    """Where the record of a file is.

    >>> record_path("results/digits/boxes.parquet").as_posix()
    'results/digits/.records/boxes.parquet.json'
    """
    path = Path(path)
    return path.with_name(FOLDER) / f"{path.name}.json"


def write_record(path: str | Path, record: Record) -> None:
    """Write the record of the file at `path`, complete or not at all."""
    said = record._asdict()
    with complete(record_path(path)) as part:
        part.write_text(json.dumps({**said, "sum": _sum(said)}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_record(path: str | Path) -> Record | None:
    """The record of the file at `path`; None where it has none.

    Raises Damaged where the record itself is damaged.
    """
    try:
        said = json.loads(record_path(path).read_text(encoding="utf-8"))
        if said.pop("sum") != _sum(said):
            raise ValueError
        return Record(**said)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged(path, f"has a damaged record ({record_path(path)})") from None


def kept_path(path: str | Path) -> Path:
    """The second name of a file.

    >>> kept_path("results/digits/boxes.parquet").as_posix()
    'results/digits/.records/boxes.parquet.kept'
    """
    return record_path(path).with_suffix(".kept")


def keep(path: str | Path) -> None:
    """Give a file its second name, so that its content is kept when it is deleted; nothing where there is no such file, or
    where the disk knows no hard links."""
    if Path(path).is_file():
        with suppress(OSError):
            _link(Path(path), kept_path(path))


def restore(path: str | Path) -> None:
    """Bring a file back that has a second name. It gets the present date, since Snakemake goes by dates."""
    _link(kept_path(path), Path(path))
    os.utime(path)


def release(path: str | Path) -> None:
    """Take the second name of a file away."""
    kept_path(path).unlink(missing_ok=True)


def _link(file: Path, name: Path) -> None:
    if not (name.exists() and name.samefile(file)):
        with complete(name) as part:
            os.link(file, part)


def checked(path: str | Path) -> tuple[str, Record | None]:
    """The digest of a file, and its record if it has one.

    Raises Damaged where its content is not the one that was recorded.
    """
    record, found = read_record(path), sha256_of(path)
    if record and record.sha256 != found:
        raise Damaged(path, f"is damaged or was edited: its SHA-256 is {found[:12]}… and was {record.sha256[:12]}…")
    return found, record


def disagreement(records: Mapping[str, Record | None], digests: Mapping[str, str]) -> Damaged | None:
    """The first of the files that was made of another version of a second one than is there now; None where all agree.

    Parameters
    ----------
    records : by path.
    digests : the digests of files as they are now, by path.
    """
    for path, record in records.items():
        for other, digest in record.made_of.items() if record else ():
            if digests.get(other, digest) != digest:
                return Damaged(path, f"was made of another version of {other} than is there now")
    return None


def _sum(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
