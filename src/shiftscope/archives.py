"""Archives of others unpacked: into their folder and nowhere else, whole or not at all."""

import fcntl
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from shiftscope.errors import ShiftscopeError


def extract(archive: Path, folder: Path) -> Path:
    """Unpack a .tar, .tar.gz, .tgz or .zip into `folder`, which is there only when it is whole; one that is there is left.

    All members are looked at before the first is written.

    Raises
    ------
    ShiftscopeError
        Where the archive is damaged or encrypted, has a member that would lie outside the folder, a link or a device, or is
        larger than the free disk.
    """
    if folder.is_dir():
        return folder
    if not archive.is_file():
        raise ShiftscopeError(f"the archive {archive} does not exist")
    try:
        with _alone(folder.with_name(f".{folder.name}.part")) as part:
            if folder.is_dir():  # another was quicker
                return folder
            whole = part / "whole"
            shutil.rmtree(whole, ignore_errors=True)  # what a killed process left
            whole.mkdir()
            if _is_zip(archive):
                _unzip(archive, whole)
            else:
                _untar(archive, whole)
            whole.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ShiftscopeError(f"{archive} is no complete archive ({error}); fetch it again") from None
    except NotImplementedError as error:
        raise ShiftscopeError(
            f"{archive} is compressed in a way that is not known here ({error}); unpack it by hand"
        ) from None
    except OSError as error:
        raise ShiftscopeError(f"{archive} cannot be unpacked into {folder}: {error.strerror or error}") from None
    return folder


@contextmanager
def _alone(part: Path) -> Iterator[Path]:
    """The folder `part`, for one process at a time; it is gone afterwards."""
    while True:
        part.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(part, os.O_RDONLY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Who held it before has removed it: then the lock is on a folder that nobody sees.
        if part.is_dir() and part.stat().st_ino == os.fstat(lock).st_ino:
            break
        os.close(lock)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)


def _is_zip(archive: Path) -> bool:
    # By its first bytes: `zipfile.is_zipfile` looks for the end of a zip, and finds that of a zip inside a tar.
    with archive.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def _untar(archive: Path, part: Path) -> None:
    with tarfile.open(archive) as tar:
        needed = 0
        for member in tar:
            _check(archive, member.name)
            if not (member.isreg() or member.isdir()):
                raise ShiftscopeError(f"{archive}: its member {member.name} is a link or a device; it was not unpacked")
            needed += member.size
            _check_room(archive, needed, part)
        tar.extractall(part, filter="data")


def _unzip(archive: Path, part: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        for member in members:
            _check(archive, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ShiftscopeError(f"{archive}: its member {member.filename} is a link or a device; it was not unpacked")
            if member.flag_bits & 0x1:
                raise ShiftscopeError(f"{archive}: its member {member.filename} is encrypted; unpack it by hand")
        # zipfile reads no more of a member than its header says, so the sum holds.
        _check_room(archive, sum(member.file_size for member in members), part)
        file.extractall(part)


def _check(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0][1:2] == ":"):
        raise ShiftscopeError(f"{archive}: its member {name} would lie outside the folder; it was not unpacked")


def _check_room(archive: Path, needed: int, part: Path) -> None:
    free = shutil.disk_usage(part).free
    if needed > free:
        raise ShiftscopeError(f"{archive} unpacks to {needed:,} bytes and more, and the disk has {free:,} free; make room")
