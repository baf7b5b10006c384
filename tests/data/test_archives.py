"""Archives are unpacked into their folder and nowhere else, whole or not at all."""

import io
import os
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data import archives
from shiftscope.data.archives import extract


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


def left(folder):
    """What is in a folder, locks aside, which are empty and stay."""
    names = sorted(path.name for path in folder.iterdir())
    assert all((folder / name).stat().st_size == 0 for name in names if name.endswith(".lock"))
    return [name for name in names if not name.endswith(".lock")]


GOOD = [("a/b ü.txt", b"one"), ("a/c/d.txt", b"two")]


@pytest.mark.parametrize(("write", "name"), [(tar, "x.tgz"), (pack, "x.zip")])
def test_unpacked_once(write, name, tmp_path):
    archive = write(tmp_path / name, GOOD)
    folder = extract(archive, tmp_path / "out")
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.txt")} == dict(GOOD)
    (folder / "a" / "b ü.txt").unlink()
    extract(archive, folder)
    assert not (folder / "a" / "b ü.txt").exists()  # it was there: left as it is
    assert left(tmp_path) == ["out", name]


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
    assert left(tmp_path / "in") == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(("write", "name"), [(tar, "x.tgz"), (pack, "x.zip")])
def test_all_members_are_looked_at_before_one_is_written(write, name, tmp_path, monkeypatch):
    archive = write(tmp_path / name, [*GOOD, ("../evil.txt", b"x")])

    def written(*arguments, **options):
        raise AssertionError("it began to unpack")

    for kind in (tarfile.TarFile, zipfile.ZipFile):
        monkeypatch.setattr(kind, "extractall", written)
    with pytest.raises(ShiftscopeError, match=r"its member \.\./evil\.txt would lie outside"):
        extract(archive, tmp_path / "out")
    with pytest.raises(AssertionError, match="it began"):  # with good members it does
        extract(write(tmp_path / f"good-{name}", GOOD), tmp_path / "out")


def test_the_sum_of_the_members_must_fit(tmp_path, monkeypatch):
    class Usage:
        free = 1500

    monkeypatch.setattr(archives.shutil, "disk_usage", lambda path: Usage)
    for write, name in ((tar, "x.tgz"), (pack, "x.zip")):
        one, two = (
            write(tmp_path / name, [("a", bytes(1000))]),
            write(tmp_path / f"two-{name}", [("a", bytes(1000)), ("b", bytes(1000))]),
        )
        with pytest.raises(ShiftscopeError, match="unpacks to 2,000 bytes"):
            extract(two, tmp_path / f"out-{name}")
        assert (extract(one, tmp_path / f"out-{name}") / "a").stat().st_size == 1000


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path):
    pack(tmp_path / "inner.zip", GOOD)
    with tarfile.open(tmp_path / "x.tar", "w") as file:
        file.add(tmp_path / "inner.zip", "inner.zip")
    assert zipfile.is_zipfile(tmp_path / "x.tar")  # so it would be taken for one
    assert [path.name for path in extract(tmp_path / "x.tar", tmp_path / "out").iterdir()] == ["inner.zip"]


def test_encrypted_and_unknown_compression(tmp_path):
    data = bytearray(pack(tmp_path / "x.zip", [("a", b"one")]).read_bytes())
    for word, offsets, value in (("is encrypted", (6, 8), 1), ("compressed in a way", (8, 10), 99)):
        spoilt = data.copy()
        spoilt[offsets[0]] = value
        spoilt[data.index(b"PK\1\2") + offsets[1]] = value
        (tmp_path / "y.zip").write_bytes(spoilt)
        with pytest.raises(ShiftscopeError, match=word):
            extract(tmp_path / "y.zip", tmp_path / "out")
    assert left(tmp_path) == ["x.zip", "y.zip"]


def test_several_at_once_unpack_once(tmp_path, monkeypatch):
    archive = tar(tmp_path / "x.tgz", GOOD)
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "stray").write_text("of a killed process")
    opened, begin = [], threading.Barrier(4)
    true_open = tarfile.open
    monkeypatch.setattr(archives.tarfile, "open", lambda *arguments: opened.append(1) or true_open(*arguments))
    failures = []

    def work():
        begin.wait()
        try:
            extract(archive, tmp_path / "out")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(opened) == 1
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == ["b ü.txt", "c"]
    assert left(tmp_path) == ["out", "x.tgz"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def extracting(count, *arguments):
    """Processes that unpack archive argument 1 into `count` folders beside argument 2, one after the other."""
    code = (
        "import sys; from pathlib import Path; from shiftscope.data.archives import extract\n"
        f"for k in range({count}): extract(Path(sys.argv[1]), Path(f'{{sys.argv[2]}}-{{k}}'))"
    )
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stderr=subprocess.PIPE, text=True)


def test_several_processes_at_once_unpack_once(tmp_path):
    archive = tar(tmp_path / "x.tgz", GOOD)
    workers = [extracting(25, archive, tmp_path / "out") for _ in range(4)]
    assert [worker.communicate()[1] for worker in workers] == [""] * 4
    folders = [name for name in left(tmp_path) if name != "x.tgz"]
    assert len(folders) == 25
    for name in folders:
        found = {path.relative_to(tmp_path / name).as_posix() for path in (tmp_path / name).rglob("*")}
        assert found == {"a", "a/b ü.txt", "a/c", "a/c/d.txt"}


def test_a_process_that_is_killed_leaves_no_lock(tmp_path):
    from filelock import FileLock

    archive = tar(tmp_path / "x.tgz", [(f"{k}.bin", os.urandom(1 << 20)) for k in range(20)])
    worker = extracting(1, archive, tmp_path / "out")
    while not (list(tmp_path.glob(".out-0.part/*")) or worker.poll() is not None):
        pass
    worker.kill()
    worker.communicate()
    assert not (tmp_path / "out-0").exists()
    assert list(tmp_path.glob(".out-0.part/*"))  # it was at it
    with FileLock(tmp_path / ".out-0.lock", timeout=0):
        pass
    assert len(list(extract(archive, tmp_path / "out-0").iterdir())) == 20
    assert left(tmp_path) == ["out-0", "x.tgz"]


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
