"""Files inside tars, which are never unpacked: where they lie, what they hold, and whether the tar is whole.

A tar has no list of its files. Each file has a header that says how long the file is, and so where the next header begins.
Two blocks of zeros behind the last file mark the end. Python's tarfile takes a damaged header for that end, and the end of
the file as well, so a tar that was cut short would lose files without a word. The functions here refuse such tars.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from shiftscope.core.errors import ShiftscopeError

BLOCK = tarfile.BLOCKSIZE
"""512 bytes: headers and contents of a tar fill whole blocks."""
CHUNK = 1 << 20
"""Bytes that are read at a time."""


class Member(NamedTuple):
    """A file in a tar."""

    name: str
    offset: int
    """Where its contents begin, in bytes from the beginning of the archive."""
    size: int
    """How long its contents are, in bytes."""


def members(archive: Path, start: int = 0, end: int | None = None) -> Iterator[Member]:
    """The files of an uncompressed tar in their order. Links and folders are left out.

    Parameters
    ----------
    archive : the file.
    start, end : bytes of `archive` between which the tar lies, for a tar inside a tar, such as those of ImageNet's classes;
        the offsets of its members still count from the beginning of `archive`. Not given: the whole file.

    Raises
    ------
    ShiftscopeError
        Where the tar is compressed, damaged, cut short or has no end (`check_end`), or stores a file in pieces (sparse). It
        may be raised only after the files in front of the damage were given.
    """
    try:
        with archive.open("rb") as file:
            file.seek(start)
            limit = end if end is not None else archive.stat().st_size
            with tarfile.open(fileobj=file, mode="r:") as tar:
                last = ""
                for member in tar:
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                    last = member.name
                    if member.size < 0:  # tarfile would go backwards, and never end
                        raise ShiftscopeError(f"{archive} is damaged at {last}; copy or download it again")
                    if member.offset_data + (0 if member.issparse() else member.size) > limit:
                        raise ShiftscopeError(f"{archive} ends within {last}; copy or download it again")
                    if member.isreg():
                        yield Member(last, member.offset_data, _in_one_piece(archive, member))
                    if tar.offset >= limit:  # what is behind it is another tar's
                        break
                check_end(archive, tar, last, limit)
    except ShiftscopeError:
        raise
    except FileNotFoundError:
        raise ShiftscopeError(f"the archive {archive} does not exist") from None
    except (tarfile.TarError, OSError, ValueError) as error:
        with archive.open("rb") as file:
            packed = file.read(4)
        if packed[:2] == b"\x1f\x8b" or packed[:3] == b"BZh" or packed == b"\x28\xb5\x2f\xfd":
            raise ShiftscopeError(f"{archive} is compressed; unpack it to a plain .tar, whose files can be found") from None
        raise ShiftscopeError(f"{archive} is no complete tar ({error}); copy or download it again") from None


def check_name(archive: Path, name: str) -> None:
    """Raise a ShiftscopeError where the name of a member is no UTF-8: tarfile then puts halves of characters into it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ShiftscopeError(f"{archive} has a file {name!r}, whose name is no UTF-8; rename it") from None


def check_end(archive: Path, tar: tarfile.TarFile, last: str, limit: int | None = None) -> None:
    """Check that the place where tarfile stopped is the end that POSIX asks for: nothing but zeros up to the end of the
    file.

    One block of zeros is enough, as it is for GNU tar: a tar that was cut within its end has lost nothing.

    Parameters
    ----------
    archive : the file, for the message.
    tar : iterated to its end; it may be compressed, and is read to its end here.
    last : the name of its last file, for the message; "" where there is none.
    limit : the byte of the unpacked archive at which the tar must end; not given: the end of the file.

    Raises
    ------
    ShiftscopeError
        Where something else follows, or nothing: the tar was cut or is damaged, and files may be missing.
    """
    file, zeros = tar.fileobj, 0
    assert file is not None
    file.seek(tar.offset)
    where = f"behind {last}" if last else "at its beginning"
    while chunk := file.read(CHUNK if limit is None else min(CHUNK, max(0, limit - tar.offset - zeros))):
        zeros += len(chunk) - len(chunk.lstrip(b"\0"))
        if chunk.strip(b"\0"):
            raise _surplus(archive, tar.offset, zeros, where)
    if zeros < BLOCK:
        stop = tar.offset + zeros if limit is None else min(tar.offset + zeros, limit)
        raise ShiftscopeError(
            f"{archive} stops at byte {stop:,}, {where}, without the zeros that end a tar: it was cut, or never finished; "
            "copy or download it again, or, if nothing is missing, unpack it and pack it again"
        )


def _surplus(archive: Path, end: int, zeros: int, where: str) -> ShiftscopeError:
    """The error for a tar in which something follows `zeros` zeros behind byte `end`, where tarfile stopped."""
    if zeros < BLOCK:
        return ShiftscopeError(
            f"{archive} is damaged at byte {end:,}, {where}: there is no valid header there, so what follows cannot be "
            "found; copy or download it again"
        )
    return ShiftscopeError(
        f"{archive} goes on at byte {end + zeros:,}, behind its end at byte {end:,}, and what is there would be lost; copy "
        "or download it again, or, if several tars were joined into this file, take them apart"
    )


def _in_one_piece(archive: Path, member: tarfile.TarInfo) -> int:
    """The size of a member in bytes. Raises a ShiftscopeError for a sparse file, whose contents lie in several pieces."""
    if member.issparse():
        raise ShiftscopeError(
            f"{archive} stores {member.name} as a sparse file, whose pieces cannot be read in place; write the tar again "
            "without --sparse"
        )
    return member.size


def contents(archive: Path, wanted: Callable[[str], bool], largest: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of some files of a tar or tar.gz, which is read once, from front to end.

    Parameters
    ----------
    archive : the file; whether it is compressed is told from its first bytes.
    wanted : which names are wanted. Links and folders are left out. A name that is not UTF-8 has surrogates in it, as the
        names that `os.listdir` gives have.
    largest : bytes that a wanted file may have at most.

    Raises
    ------
    ShiftscopeError
        Where the archive is damaged, cut short, goes on behind its end, or has a wanted file of more than `largest` bytes.
    """
    try:
        with archive.open("rb", buffering=0) as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            reader = _Marked(stream)
            with tarfile.open(fileobj=reader, mode="r|", encoding="utf-8", tarinfo=_Checked) as tar:
                for member in tar:
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                    if member.isreg() and wanted(member.name):
                        if member.size > largest:
                            raise ShiftscopeError(
                                f"{archive} has a file {member.name!r} of {member.size} bytes, where {largest} is the most"
                                " that is read; take it out"
                            )
                        data = tar.extractfile(member)
                        yield member.name, data.read() if data else b""
                reader.ended = True
                while tar.fileobj and (rest := tar.fileobj.read(1 << 20)):  # to gzip's sum, which is checked there
                    if rest.strip(b"\0"):
                        raise tarfile.ReadError("it goes on behind its end, where several may have been joined")
    except ShiftscopeError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise ShiftscopeError(f"{archive} is no complete archive ({error}); copy or download it again") from None


class _Marked(io.BufferedReader):
    """A stream that must not end before `ended` is set, which happens when tarfile has found the zeros that end a tar."""

    ended = False

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not (data or self.ended):
            raise tarfile.ReadError("it ends before its end is marked")
        return data


HEADER_LARGEST = 1 << 20
"""Bytes, at most, of an extended header, which holds a long name or other facts about a file."""


class _Checked(tarfile.TarInfo):
    """A header of a tar, with three checks that tarfile lacks: it would take a damaged header for the end of the archive,
    read extended headers of any size into memory, and go backwards where a size is negative."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if any(buf):  # not the empty block that ends an archive
                raise tarfile.ReadError(f"a header is damaged: {error}") from None
            raise
        if member.size < 0 or (member.size > HEADER_LARGEST and member.type in EXTENDED):
            raise tarfile.ReadError(f"a header has the size {member.size}")
        return member


EXTENDED = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
"""Types of extended headers."""
