"""Archives of others unpacked: into their folder and nowhere else, whole or not at all."""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from shiftscope.errors import ShiftscopeError


def extract(archive: Path, folder: Path) -> Path:
    """Unpack a .tar, .tar.gz, .tgz or .zip into `folder`, which is there only when it is whole; one that is there is left.

    Raises
    ------
    ShiftscopeError
        Where the archive is damaged, has a member that would lie outside the folder, a link or a device, or is larger than
        the free disk.
    """
    if folder.is_dir():
        return folder
    if not archive.is_file():
        raise ShiftscopeError(f"the archive {archive} does not exist")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, part)
        else:
            _untar(archive, part)
        part.rename(folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise ShiftscopeError(f"{archive} is no complete archive ({error}); fetch it again") from None
    except OSError as error:
        raise ShiftscopeError(f"{archive} cannot be unpacked into {folder}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _untar(archive: Path, part: Path) -> None:
    def checked(member: tarfile.TarInfo, place: str) -> tarfile.TarInfo:
        _check(archive, member.name)
        if not (member.isreg() or member.isdir()):
            raise ShiftscopeError(f"{archive}: its member {member.name} is a link or a device; it was not unpacked")
        _check_room(archive, member.size, part)
        return tarfile.data_filter(member, place)

    with tarfile.open(archive) as tar:
        tar.extractall(part, filter=checked)


def _unzip(archive: Path, part: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            _check(archive, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ShiftscopeError(f"{archive}: its member {member.filename} is a link or a device; it was not unpacked")
        _check_room(archive, sum(member.file_size for member in file.infolist()), part)
        file.extractall(part)


def _check(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise ShiftscopeError(f"{archive}: its member {name} would lie outside the folder; it was not unpacked")


def _check_room(archive: Path, needed: int, part: Path) -> None:
    free = shutil.disk_usage(part).free
    if needed > free:
        raise ShiftscopeError(f"{archive} unpacks to {needed:,} bytes and more, and the disk has {free:,} free; make room")
