"""Archives are unpacked into their folder and nowhere else, whole or not at all."""

import io
import stat
import tarfile
import zipfile

import pytest

from shiftscope import archives
from shiftscope.archives import extract
from shiftscope.errors import ShiftscopeError


def tar(path, members):
    with tarfile.open(path, "w:gz") as file:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if isinstance(data, tuple):
                info.type, info.linkname = data
                file.addfile(info)
            else:
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    return path


def pack(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            if isinstance(data, tuple):
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                file.writestr(info, data[1])
            else:
                file.writestr(info, data)
    return path


GOOD = [("a/b ü.txt", b"one"), ("a/c/d.txt", b"two")]


@pytest.mark.parametrize(("write", "name"), [(tar, "x.tgz"), (pack, "x.zip")])
def test_unpacked_once(write, name, tmp_path):
    archive = write(tmp_path / name, GOOD)
    folder = extract(archive, tmp_path / "out")
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.txt")} == dict(GOOD)
    (folder / "a" / "b ü.txt").unlink()
    extract(archive, folder)
    assert not (folder / "a" / "b ü.txt").exists()  # it was there: left as it is
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", name]


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (("../evil.txt", b"x"), "would lie outside"),
        (("a/../../evil.txt", b"x"), "would lie outside"),
        (("/tmp/shiftscope-evil.txt", b"x"), "would lie outside"),
        (("..\\evil.txt", b"x"), "would lie outside"),
        (("link", (tarfile.SYMTYPE, "/etc/passwd")), "is a link or a device"),
        (("hard", (tarfile.LNKTYPE, "a/b ü.txt")), "is a link or a device"),
        (("device", (tarfile.CHRTYPE, "")), "is a link or a device"),
    ],
)
@pytest.mark.parametrize(("write", "name"), [(tar, "x.tgz"), (pack, "x.zip")])
def test_members_that_reach_out_are_refused(write, name, member, words, tmp_path):
    archive = write(tmp_path / "in" / name if (tmp_path / "in").mkdir() is None else None, [*GOOD, member])
    with pytest.raises(ShiftscopeError, match=words):
        extract(archive, tmp_path / "in" / "out")
    assert [path.name for path in (tmp_path / "in").iterdir()] == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_damaged_missing_and_too_large(tmp_path, monkeypatch):
    archive = tar(tmp_path / "x.tgz", [("a", bytes(range(256)) * 4000)])
    (tmp_path / "cut.tgz").write_bytes(archive.read_bytes()[:-300])
    (tmp_path / "junk.zip").write_bytes(b"PK junk")
    for name in ("cut.tgz", "junk.zip"):
        with pytest.raises(ShiftscopeError, match=f"{name} is no complete archive"):
            extract(tmp_path / name, tmp_path / "out")
    with pytest.raises(ShiftscopeError, match=r"none.zip does not exist"):
        extract(tmp_path / "none.zip", tmp_path / "out")

    class Usage:
        free = 10

    monkeypatch.setattr(archives.shutil, "disk_usage", lambda path: Usage)
    for path in (archive, pack(tmp_path / "y.zip", GOOD * 1 + [("b", b"x" * 100)])):
        with pytest.raises(ShiftscopeError, match=r"unpacks to .* and the disk has 10 free"):
            extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
