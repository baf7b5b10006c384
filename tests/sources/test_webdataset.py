"""Shards are read where they lie: the same pixels and labels as an extracted copy has."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.pictures import member_path, read_picture, there
from shiftscope.data.tars import members
from shiftscope.sources.webdataset import WebDataset
from shiftscope.stages.images import make_images


def png(seed, size=(7, 5)):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def write(path, files, mode="w", form=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=form) as tar:
        folder = tarfile.TarInfo("sub")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_members_are_where_the_archive_says(tmp_path, form):
    files = [("a.txt", b"x" * 700), ("é" * 120 + ".bin", b"long name"), ("empty", b"")]
    path = write(tmp_path / "a.tar", files, form=form)
    found = [(member.name, path.read_bytes()[member.offset : member.offset + member.size]) for member in members(path)]
    assert found == files


def test_members_of_a_tar_in_a_tar(tmp_path):
    inner = [write(tmp_path / f"n{k}.tar", [(f"n{k}_{j}.png", png(10 * k + j)) for j in range(3)]) for k in range(2)]
    outer = write(tmp_path / "all.tar", [(path.name, path.read_bytes()) for path in inner])
    for outside, path in zip(members(outer), inner, strict=True):
        inside = list(members(outer, outside.offset, outside.offset + outside.size))
        assert [member.name for member in inside] == [member.name for member in members(path)]
        for member in inside:
            seen = read_picture(member_path(outer, member.offset, member.size, member.name))
            k, j = (int(number) for number in member.name.removesuffix(".png").removeprefix("n").split("_"))
            assert (seen == read_picture_of(png(10 * k + j))).all()


def read_picture_of(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture
def shards(tmp_path):
    for shard in range(2):
        files = []
        for k in range(3):
            number = 3 * shard + k
            files += [
                (f"sub/s {number}.cls", str(2 * number).encode()),
                (f"sub/s {number}.png", png(number)),
                (f"sub/s {number}.json", json.dumps({"name": "xyz"[k]}).encode()),
            ]
        files += [(f"sub/no picture {shard}.cls", b"3")]
        write(tmp_path / f"v-{shard:02}.tar", files)
    return tmp_path


@pytest.mark.parametrize("pattern", ["v-*.tar", "v-{00..01}.tar"])
def test_samples_of_all_shards(shards, pattern):
    source = WebDataset(shards=str(shards / pattern))
    images, skipped = make_images(source, shards, 0)
    assert skipped.is_empty()
    assert images["image_id"].to_list() == [f"v-{k // 3:02}/sub/s {k}" for k in range(6)]
    assert images["label"].to_list() == [0, 2, 4, 6, 8, 10]
    for k, path in enumerate(images["path"]):
        assert there(path)
        assert (read_picture(path) == read_picture_of(png(k))).all()
    assert [path.name for path in source.inputs()] == ["v-00.tar", "v-01.tar"]


def test_labels_from_json_and_none(shards):
    named, _ = make_images(WebDataset(shards=str(shards / "v-*.tar"), label="json:name"), shards, 0)
    assert named["category"].to_list() == [*"xyzxyz"]
    assert named["label"].to_list() == [0, 1, 2, 0, 1, 2]
    without, _ = make_images(WebDataset(shards=str(shards / "v-*.tar"), label="none"), shards, 0)
    assert without["label"].null_count() == 6
    with pytest.raises(ShiftscopeError, match=r"sample v-00/sub/s 0 has no usable label"):
        make_images(WebDataset(shards=str(shards / "v-*.tar"), label="json:nothing"), shards, 0)


def test_files_of_a_sample_need_not_lie_together(tmp_path):
    """All pictures first, all labels behind them in another order: what an extracted copy would have."""
    files = [(f"{k}.png", png(k)) for k in range(5)] + [(f"{k}.cls", str(7 - k).encode()) for k in (3, 0, 4, 1, 2)]
    source = WebDataset(shards=str(write(tmp_path / "a.tar", files)))
    images, _ = make_images(source, tmp_path, 0)
    assert images.select("image_id", "label").rows() == [(f"a/{k}", 7 - k) for k in range(5)]
    for k, path in enumerate(images["path"]):
        assert (read_picture(path) == read_picture_of(png(k))).all()


@pytest.mark.parametrize("between", [[], [("b.png", png(2)), ("b.cls", b"0")]])
def test_a_sample_that_is_there_twice_is_named(tmp_path, between):
    files = [("a.png", png(0)), ("a.cls", b"0"), *between, ("./a.png", png(1)), ("./a.cls", b"1")]
    with pytest.raises(ShiftscopeError, match=r"a\.tar has two files called (\./)?a\.png; remove or rename one"):
        WebDataset(shards=str(write(tmp_path / "a.tar", files))).listing(tmp_path)


def test_further_pictures_and_missing_labels_are_told(tmp_path, caplog):
    files = [("a.png", png(0)), ("a.mask.png", png(1)), ("b.png", png(2)), ("b.cls", b"4"), ("c.png", png(3))]
    images, _ = make_images(WebDataset(shards=str(write(tmp_path / "a.tar", files))), tmp_path, 0)
    assert images["label"].to_list() == [None, 4, None]
    assert (read_picture(images["path"][0]) == read_picture_of(png(0))).all()
    assert "1 pictures such as a.mask.png are not the first of their sample" in caplog.text
    assert "2 of 3 samples such as a/a have no label in a .cls" in caplog.text


def test_null_is_no_label(tmp_path, caplog):
    labels = ["cat", None, "None"]
    files = [
        pair
        for k, label in enumerate(labels)
        for pair in ((f"{k}.png", png(k)), (f"{k}.json", json.dumps({"y": label}).encode()))
    ]
    images, _ = make_images(WebDataset(shards=str(write(tmp_path / "a.tar", files)), label="json:y"), tmp_path, 0)
    assert images["category"].to_list() == ["cat", None, "None"]
    assert images["label"].to_list() == [1, None, 0]
    assert "1 of 3 samples such as a/1 have no label" in caplog.text


@pytest.mark.parametrize("label", ['{"y": true}', '{"y": [1]}', '{"y": {"z": 1}}', '{"y": " "}', "[1]", "{"])
def test_labels_that_are_none(tmp_path, label):
    files = [("a.png", png(0)), ("a.json", label.encode())]
    with pytest.raises(ShiftscopeError, match=r"sample a/a has no usable label in its \.json:y"):
        WebDataset(shards=str(write(tmp_path / "a.tar", files)), label="json:y").listing(tmp_path)


def test_a_file_that_is_too_large_for_a_label_is_named(tmp_path):
    files = [("a.png", png(0)), ("a.cls", b"1" * 1_000_001)]
    with pytest.raises(ShiftscopeError, match=r"a\.tar: a\.cls has 1,000,001 bytes, too many for a label"):
        WebDataset(shards=str(write(tmp_path / "a.tar", files))).listing(tmp_path)


@pytest.mark.parametrize(("ending", "form"), [("json", '{{"x": {}.0}}'), ("json", '{{"x": "{}"}}'), ("cls", "{}.0")])
def test_numbers_that_were_made_floats_are_still_indices(tmp_path, ending, form):
    files = [file for k in range(11) for file in ((f"s{k}.png", png(k)), (f"s{k}.{ending}", form.format(k).encode()))]
    files += [("s.png", png(0)), (f"s.{ending}", b'{"x": null}' if ending == "json" else b"")]
    write(tmp_path / "a.tar", files)
    source = WebDataset(shards=str(tmp_path / "a.tar"), label="json:x" if ending == "json" else "cls")
    images, _ = make_images(source, tmp_path, 0)
    labels = dict(images.select("image_id", "label").rows())
    assert labels == {**{f"a/s{k}": k for k in range(11)}, "a/s": None}


def test_bad_shards(shards):
    with pytest.raises(ShiftscopeError, match="no file is called"):
        WebDataset(shards=str(shards / "w-*.tar")).check()
    with pytest.raises(ShiftscopeError, match=r"v-02.tar does not exist"):
        WebDataset(shards=str(shards / "v-{00..02}.tar")).check()
    packed = write(shards / "packed.tar", [("a.png", png(0))], "w:gz")
    with pytest.raises(ShiftscopeError, match="is compressed; unpack it"):
        list(members(packed))
    whole = (shards / "v-00.tar").read_bytes()
    (shards / "cut.tar").write_bytes(whole[:3500])
    with pytest.raises(ShiftscopeError, match=r"cut.tar (ends within|is no complete tar|stops at byte 3,500)"):
        list(members(shards / "cut.tar"))
    (shards / "empty.tar").write_bytes(write(shards / "e.tar", [("a.cls", b"1")]).read_bytes())
    with pytest.raises(ShiftscopeError, match="no sample has a picture"):
        WebDataset(shards=str(shards / "empty.tar")).listing(shards)
