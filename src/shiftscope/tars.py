"""What lies where in uncompressed tars, so that pictures are read from them and never unpacked."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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
