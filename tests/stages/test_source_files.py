"""The files of pictures: each once, as they were, and what happened to them since."""

import hashlib
import os
import tarfile

import pytest
from PIL import Image

from shiftscope.sources import sources
from shiftscope.stages.images import make_images
from shiftscope.stages.source_files import SOURCE_FILES, changes, source_files


@pytest.fixture
def folder(tmp_path):
    for name in ("cat/a", "cat/b", "dog/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 10), (len(name), ord(name[-1]), 0)).save(tmp_path / f"{name}.png")
    return tmp_path


def listed(folder):
    source = sources["folder"].item.model_validate({"kind": "folder", "path": folder})
    return source_files(make_images(source, folder, 0)[0])


def test_each_file_has_its_size_date_and_digest(folder):
    table = listed(folder)
    assert table.schema == SOURCE_FILES
    assert table["path"].to_list() == [str(folder / f"{name}.png") for name in ("cat/a", "cat/b", "dog/c")]
    for row in table.iter_rows(named=True):
        content = (folder / row["path"]).read_bytes()
        assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_an_archive_counts_once(folder, tmp_path_factory):
    shards = tmp_path_factory.mktemp("shards")
    with tarfile.open(shards / "0.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folder.rglob("*.png")):
            tar.add(path, path.name)
    source = sources["webdataset"].item.model_validate({"kind": "webdataset", "shards": str(shards / "*.tar")})
    table = source_files(make_images(source, shards, 0)[0])
    assert table["path"].to_list() == [str(shards / "0.tar")]


def test_the_frames_of_a_film_count_each(folder, tmp_path_factory):
    film = tmp_path_factory.mktemp("film")
    for number in range(3):
        Image.new("RGB", (20, 10), (number, 0, 0)).save(film / f"{number}.png")
    source = sources["film"].item.model_validate({"kind": "film", "path": film})
    table = source_files(make_images(source, film, 0)[0])
    assert table["path"].to_list() == [str(film / f"{number}.png") for number in range(3)]


def test_nothing_changed(folder):
    table = listed(folder)
    assert list(changes(table)) == list(changes(table, deep=True)) == []


def test_what_changed_is_said(folder):
    table = listed(folder)
    (folder / "cat/a.png").unlink()
    with (folder / "cat/b.png").open("ab") as file:
        file.write(b"more")
    assert [(change.path, change.gone) for change in changes(table)] == [
        (str(folder / "cat/a.png"), True),
        (str(folder / "cat/b.png"), False),
    ]


def test_a_date_alone_is_a_change_unless_contents_are_compared(folder):
    table = listed(folder)
    os.utime(folder / "dog/c.png", (1, 1))
    (change,) = changes(table)
    assert change.path == str(folder / "dog/c.png")
    assert list(changes(table, deep=True)) == []


def test_another_content_of_the_same_size_and_date_is_found_by_reading_it(folder):
    table = listed(folder)
    path = folder / "dog/c.png"
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert list(changes(table)) == []
    (change,) = changes(table, deep=True)
    assert (change.path, change.gone) == (str(path), False)
