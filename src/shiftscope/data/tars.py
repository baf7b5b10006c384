"""Files in tars, found or read where they lie: nothing is unpacked; and whether tars are whole.

A tar has no list of what is in it: each header says where the next one is, and two blocks of zeros behind the last file say
that there are no more. Python's tarfile takes a damaged header, and the end of the file, for that end.
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
CHUNK = 1 << 20


class Member(NamedTuple):
    """A file in a tar."""

    name: str
    offset: int
    """Of its first byte from the archive's beginning."""
    size: int


def members(archive: Path, start: int = 0, end: int | None = None) -> Iterator[Member]:
    """The files of an uncompressed tar in their order, links and folders left out.

    `start` and `end` (bytes) make it a tar that lies inside the archive, as those of ImageNet's classes do; offsets are the
    outer one's. Raises ShiftscopeError where it is compressed, damaged, cut short or without an end (`check_end`), or has a
    file that is stored in pieces (sparse); that may be after the files in front of the place were given.
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


def check_end(archive: Path, tar: tarfile.TarFile, last: str, limit: int | None = None) -> None:
    """Hold a tar that was read to what tarfile takes for its end against the end that POSIX asks for: nothing but zeros.

    One block of zeros is enough, as GNU tar finds, too; a tar that was cut within its end has lost nothing.

    Parameters
    ----------
    archive : the file, for the message.
    tar : iterated to its end; it may be compressed, and is read to its end here.
    last : the name of its last file, for the message; "" where there is none.
    limit : the byte of the unpacked archive at which the tar must end; not given: where the file does.

    Raises
    ------
    ShiftscopeError
        Where there is something else or nothing: then the tar was cut or is damaged, and files may be missing.
    """
    file, zeros = tar.fileobj, 0
    assert file is not None
    file.seek(tar.offset)
    where = f"behind {last}" if last else "at its beginning"
    while chunk := file.read(CHUNK if limit is None else min(CHUNK, max(0, limit - tar.offset - zeros))):
        if chunk.strip(b"\0"):
            zeros += len(chunk) - len(chunk.lstrip(b"\0"))
            if zeros < BLOCK:
                raise ShiftscopeError(
                    f"{archive} is damaged at byte {tar.offset:,}, {where}: the header there is none, so that what follows "
                    "cannot be found; copy or download it again"
                )
            raise ShiftscopeError(
                f"{archive} goes on at byte {tar.offset + zeros:,}, behind its end at byte {tar.offset:,}, and "
                "what is there would be lost; copy or download it again, or, if these are several tars one behind the "
                "other, take them apart"
            )
        zeros += len(chunk)
    if zeros < BLOCK:
        stop = tar.offset + zeros if limit is None else min(tar.offset + zeros, limit)
        raise ShiftscopeError(
            f"{archive} stops at byte {stop:,}, {where}, without the zeros that end a tar: it was cut, or "
            "never finished; copy or download it again, or, if nothing is missing, unpack it and pack it again"
        )


def _in_one_piece(archive: Path, member: tarfile.TarInfo) -> int:
    """The size of a member whose bytes lie one behind the other, as they do in all but sparse files."""
    if member.issparse():
        raise ShiftscopeError(
            f"{archive} holds {member.name} as a sparse file, in pieces that cannot be read in place; write the tar again "
            "without --sparse"
        )
    return member.size


def contents(archive: Path, wanted: Callable[[str], bool], largest: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the files whose name is `wanted`, of a tar or a tar.gz that is read once, from front to end.

    Links and folders are left out. A name that is no UTF-8 has surrogates in it, as those of `os.listdir` have.

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
    """A stream in which a tar's own mark of its end has to come before the end."""

    ended = False

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not (data or self.ended):
            raise tarfile.ReadError("it ends before its end is marked")
        return data


HEADER_LARGEST = 1 << 20
"""Bytes of a header that holds a long name or other facts about a file."""


class _Checked(tarfile.TarInfo):
    """The facts about a file in a tar, checked where tarfile is too trusting: it takes a damaged header for the end of the
    archive, reads extended headers of any size, and goes backwards where a size is negative."""

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
