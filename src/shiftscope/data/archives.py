"""Archives, unpacked into their folder and nowhere else, completely or not at all."""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.tars import check_end


def extract(archive: Path, folder: Path) -> Path:
    """Unpack a .tar, .tar.gz, .tgz or .zip into `folder`, and return `folder`.

    The folder appears only when everything is in it, and a folder that is there already is left as it is. All members are
    checked before the first is written.

    Raises
    ------
    ShiftscopeError
        Where the archive is damaged or encrypted, has a member that would lie outside the folder, a link or a device, or
        unpacks to more bytes than the disk has free.
    """
    from filelock import FileLock

    if folder.is_dir():
        return folder
    if not archive.is_file():
        raise ShiftscopeError(f"the archive {archive} does not exist")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The kernel lets go of it when a process is killed. The empty file stays: one that is removed while others wait
        # for it would be two locks of one name.
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():  # no other was quicker
                _unpack(archive, folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ShiftscopeError(f"{archive} is no complete archive ({error}); fetch it again") from None
    except NotImplementedError as error:
        raise ShiftscopeError(
            f"{archive} is compressed in a way that is not known here ({error}); unpack it by hand"
        ) from None
    except OSError as error:
        raise ShiftscopeError(f"{archive} cannot be unpacked into {folder}: {error.strerror or error}") from None
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # what a killed process left
    try:
        part.mkdir()
        if _is_zip(archive):
            _unzip(archive, part)
        else:
            _untar(archive, part)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_zip(archive: Path) -> bool:
    # By its first bytes: `zipfile.is_zipfile` looks for the end of a zip, and finds that of a zip inside a tar.
    with archive.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def _untar(archive: Path, part: Path) -> None:
    with tarfile.open(archive) as tar:
        needed, last = 0, ""
        for member in tar:
            last = member.name
            _check(archive, member.name)
            if not (member.isreg() or member.isdir()):
                raise _link(archive, member.name)
            needed += member.size
            _check_room(archive, needed, part)
        check_end(archive, tar, last)
        tar.extractall(part, filter="data")


def _unzip(archive: Path, part: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        for member in members:
            _check(archive, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _link(archive, member.filename)
            if member.flag_bits & 0x1:
                raise ShiftscopeError(f"{archive}: its member {member.filename} is encrypted; unpack it by hand")
        # zipfile reads no more of a member than its header says, so the sum holds.
        _check_room(archive, sum(member.file_size for member in members), part)
        file.extractall(part)


def _link(archive: Path, name: str) -> ShiftscopeError:
    return ShiftscopeError(
        f"{archive}: its member {name} is a link or a device, so the archive was not unpacked; take it out of the archive"
    )


def _check(archive: Path, name: str) -> None:
    """Raise a ShiftscopeError for a member whose name leads out of the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0][1:2] == ":"):
        raise ShiftscopeError(
            f"{archive}: its member {name} would lie outside the folder, so the archive was not unpacked; get it from a "
            "place that you trust"
        )


def _check_room(archive: Path, needed: int, part: Path) -> None:
    free = shutil.disk_usage(part).free
    if needed > free:
        raise ShiftscopeError(f"{archive} unpacks to {needed:,} bytes and more, and the disk has {free:,} free; make room")
