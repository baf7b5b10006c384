"""A tar that is damaged or cut anywhere loses no file without a word: all are found, or it is refused."""

import gzip
import io
import tarfile

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.archives import extract
from shiftscope.data.formats.voc import documents
from shiftscope.data.tars import BLOCK, members
from shiftscope.sources.imagenet import ImageNet
from shiftscope.sources.webdataset import WebDataset

FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
LONG = "d" * 60 + "/" + "e" * 90 + ".png"
FILES = [("a/one.png", b"1" * 700), (LONG, b"2" * 512), ("a/empty.png", b""), ("four.png", b"4" * 3)]


def tar(form, files=FILES):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=FORMS[form]) as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def headers(data):
    """Where the headers are: by an own walk over the sizes, which are octal here."""
    place = 0
    while any(data[place : place + BLOCK]):
        yield place
        size = int(data[place + 124 : place + 135], 8)
        place += BLOCK + size + -size % BLOCK


def found(path, data):
    """Names and contents of the members; None where the tar is refused."""
    path.write_bytes(data)
    try:
        return [(member.name, data[member.offset : member.offset + member.size]) for member in members(path)]
    except ShiftscopeError:
        return None


@pytest.mark.parametrize(("form", "step"), [("ustar", 3), ("gnu", 7), ("pax", 7)])
def test_a_bit_flipped_anywhere_in_any_header(form, step, tmp_path):
    whole = tar(form)
    assert found(tmp_path / "a.tar", whole) == FILES
    refused = 0
    for place in headers(whole):
        for byte in range(place, place + BLOCK, step):
            data = bytearray(whole)
            data[byte] ^= 1 << byte % 8
            names = found(tmp_path / "a.tar", bytes(data))
            assert names in (None, FILES), byte
            refused += names is None
    assert refused > 0.9 * BLOCK / step * len(list(headers(whole)))


@pytest.mark.parametrize("form", FORMS)
def test_cut_anywhere(form, tmp_path):
    whole = tar(form)
    data_end = max(headers(whole)) + 2 * BLOCK  # the last file has one block
    for cut in {max(0, place + byte) for place in range(0, data_end + 3 * BLOCK, BLOCK) for byte in (-1, 0, 1, 200)}:
        names = found(tmp_path / "a.tar", whole[:cut])
        # One block of zeros says that nothing is missing.
        assert names == (FILES if cut >= data_end + BLOCK else None), cut


def test_the_place_is_named(tmp_path):
    whole = tar("ustar")
    second = list(headers(whole))[2]
    spoilt = whole[:second] + b"\0x" + whole[second + 2 :]
    zeroed = whole[:second] + bytes(BLOCK) + whole[second + BLOCK :]
    for data, words in (
        (spoilt, rf"is damaged at byte {second:,}, behind a/one.png: .*copy or download it again"),
        (whole[:second], rf"stops at byte {second:,}, behind a/one.png, without the zeros that end a tar"),
        (whole + tar("ustar"), rf"goes on at byte {len(whole):,}, behind its end at byte .*take them apart"),
        (zeroed, rf"goes on at byte {second + BLOCK:,}, behind its end at byte {second:,}"),
        (whole[:100], "no complete tar"),
        (b"", "no complete tar"),
    ):
        (tmp_path / "a.tar").write_bytes(data)
        with pytest.raises(ShiftscopeError, match=words):
            list(members(tmp_path / "a.tar"))


def test_a_tar_in_a_tar_has_an_end_of_its_own(tmp_path):
    """What is behind the inner one is the outer one's, so the inner one's end must be where the outer one says."""
    inner = tar("ustar")
    outer = tar("ustar", [("n01440764.tar", inner), ("n02096585.tar", inner)])
    (tmp_path / "a.tar").write_bytes(outer)
    first, second = members(tmp_path / "a.tar")
    for member in (first, second):
        assert [one.name for one in members(tmp_path / "a.tar", member.offset, member.offset + member.size)] == [
            name for name, _ in FILES
        ]
    for place in headers(inner):
        for damage in (b"\1", bytes(BLOCK)):
            at = first.offset + place
            (tmp_path / "a.tar").write_bytes(outer[:at] + damage + outer[at + len(damage) :])
            with pytest.raises(ShiftscopeError, match=r"is damaged|goes on|no complete tar"):
                list(members(tmp_path / "a.tar", first.offset, first.offset + first.size))
        (tmp_path / "a.tar").write_bytes(outer)
        with pytest.raises(ShiftscopeError, match=r"stops at|ends within|no complete tar"):
            list(members(tmp_path / "a.tar", first.offset, first.offset + place))


def sparse():
    """A tar with a file of 1024 bytes whose first half is a hole (old GNU format), and one behind it."""
    info = tarfile.TarInfo("hole.png")
    info.size = BLOCK
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[386:410] = b"%011o\0%011o\0" % (BLOCK, BLOCK)  # where the piece belongs, and its size
    header[483:495] = b"%011o\0" % (2 * BLOCK)
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    return bytes(header) + b"h" * BLOCK + tar("gnu", FILES[:1])


def test_sparse_files_are_unpacked_and_not_read_in_place(tmp_path):
    (tmp_path / "a.tar").write_bytes(sparse())
    folder = extract(tmp_path / "a.tar", tmp_path / "out")
    assert (folder / "hole.png").read_bytes() == bytes(BLOCK) + b"h" * BLOCK
    assert (folder / "a" / "one.png").read_bytes() == FILES[0][1]
    with pytest.raises(ShiftscopeError, match=r"stores hole.png as a sparse file"):
        list(members(tmp_path / "a.tar"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["tar", "tgz"])
def test_nothing_is_unpacked_of_a_tar_that_is_not_whole(form, pack, tmp_path):
    """A compressed one may itself be whole: then the tar was damaged before."""
    whole = tar(form)
    for number, place in enumerate(headers(whole)):
        for kind, data in {"flip": whole[: place + 5] + b"\1" + whole[place + 6 :], "cut": whole[:place]}.items():
            (tmp_path / "a.tgz").write_bytes(pack(data))
            with pytest.raises(ShiftscopeError, match=r"a\.tgz (is damaged|stops at|is no complete archive)"):
                extract(tmp_path / "a.tgz", tmp_path / f"{kind}-{number}")
            assert not (tmp_path / f"{kind}-{number}").exists()
    (tmp_path / "a.tgz").write_bytes(pack(whole))
    folder = extract(tmp_path / "a.tgz", tmp_path / "out")
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")} == dict(FILES)


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["tar", "tgz"])
def test_annotations_of_a_tar_that_is_not_whole(pack, tmp_path):
    files = [(name.replace(".png", ".xml"), data) for name, data in FILES]
    whole = tar("ustar", files)
    (tmp_path / "a.tgz").write_bytes(pack(whole))
    assert [data for _, data in documents(tmp_path / "a.tgz")] == [data for _, data in files]
    for place in headers(whole):
        for data in (
            whole[: place + 5] + b"\1" + whole[place + 6 :],
            whole[:place],
            whole[:place] + bytes(BLOCK) + whole[place:],
        ):
            (tmp_path / "a.tgz").write_bytes(pack(data))
            with pytest.raises(ShiftscopeError, match=r"a\.tgz is no complete archive"):
                list(documents(tmp_path / "a.tgz"))


def test_the_sources_refuse_it(tmp_path):
    whole = tar("ustar", [(f"{k}.png", b"x") for k in range(4)])
    spoilt = bytearray(whole)
    spoilt[list(headers(whole))[3]] ^= 1
    (tmp_path / "s.tar").write_bytes(spoilt)
    with pytest.raises(ShiftscopeError, match=r"s\.tar is damaged at byte"):
        WebDataset(shards=str(tmp_path / "s.tar"), label="none").listing(tmp_path)
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(
        tar("ustar", [("n01440764.tar", bytes(spoilt)), ("n02096585.tar", whole)])
    )
    with pytest.raises(ShiftscopeError, match=r"ILSVRC2012_img_train\.tar is damaged at byte"):
        ImageNet(path=tmp_path, split="train").listing(tmp_path)
