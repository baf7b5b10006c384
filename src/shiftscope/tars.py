"""Files in tars, found or read where they lie: nothing is unpacked."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

from shiftscope.errors import ShiftscopeError


class Member(NamedTuple):
    """A file in a tar."""

    name: str
    offset: int
    """Of its first byte from the archive's beginning."""
    size: int


def members(archive: Path, start: int = 0, end: int | None = None) -> Iterator[Member]:
    """The files of an uncompressed tar in their order, links and folders left out.

    `start` and `end` (bytes) make it a tar that lies inside the archive, as those of ImageNet's classes do; offsets are the
    outer one's. Raises ShiftscopeError where it is compressed, damaged or cut short.
    """
    try:
        with archive.open("rb") as file:
            file.seek(start)
            limit = end if end is not None else archive.stat().st_size
            with tarfile.open(fileobj=file, mode="r:") as tar:
                for member in tar:
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                    if member.isreg():
                        if member.offset_data + member.size > limit:
                            raise ShiftscopeError(f"{archive} ends within {member.name}; copy or download it again")
                        yield Member(member.name, member.offset_data, member.size)
                    if start and tar.offset >= limit:
                        return
    except FileNotFoundError:
        raise ShiftscopeError(f"the archive {archive} does not exist") from None
    except (tarfile.TarError, OSError) as error:
        with archive.open("rb") as file:
            packed = file.read(4)
        if packed[:2] == b"\x1f\x8b" or packed[:3] == b"BZh" or packed == b"\x28\xb5\x2f\xfd":
            raise ShiftscopeError(f"{archive} is compressed; unpack it to a plain .tar, whose files can be found") from None
        raise ShiftscopeError(f"{archive} is no complete tar ({error}); copy or download it again") from None


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
