"""VOC annotations as a source: with pictures laid out as they are, elsewhere, or not here at all."""

import gzip
import io
import random
import tarfile
from xml.etree import ElementTree

import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.formats.voc import parse, read_annotations
from shiftscope.sources.voc import Voc, read_boxes
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images


def annotation(size, *objects):
    text = f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>"
    for name, (left, top, right, bottom) in objects:
        corners = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
        text += f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
    return text + "</annotation>"


@pytest.fixture
def folder(tmp_path):
    files = {
        "x/ü 1": annotation((20, 10), ("cat", (1, 1, 4, 4)), ("dog", (3, 3, 22, 12))),  # the dog reaches far out
        "x/two": annotation((20, 10), ("cat", (1, 1, 20, 10))),
        "empty": annotation((20, 10)),
        "lost": annotation((20, 10), ("cow", (1, 1, 2, 2))),
    }
    for name, text in files.items():
        path = tmp_path / "xml" / f"{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name != "lost":
            picture = tmp_path / "pictures" / f"{name}.jpg"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20, 10)).save(picture)
    return tmp_path


def test_with_pictures(folder, caplog):
    source = Voc(annotations=folder / "xml", images=folder / "pictures")
    assert source.provides == {"pictures", "labels", "boxes"}
    images, skipped = make_images(source, folder, 0)
    assert skipped["image_id"].to_list() == ["lost"]
    found = [("empty", None, None), ("x/two", 0, "cat"), ("x/ü 1", 2, "dog")]  # cat, cow, dog
    assert images.select("image_id", "label", "category").rows() == found
    boxes = make_boxes(source, folder, images)
    assert boxes.select("image_id", "category", "x_min", "x_max").rows() == [
        ("x/two", "cat", 0, 20),
        ("x/ü 1", "cat", 0, 4),
    ]
    assert "1 boxes lie outside" in caplog.text
    with pytest.raises(ShiftscopeError, match=r"1 of 4 pictures cannot be used: .*lost does not exist"):
        make_images(source.model_copy(update={"unusable": "refuse"}), folder, 0)


def test_exchanged_corners_are_counted_in_the_log(tmp_path, caplog):
    boxes = [("cat", (3, 1, 3, 4)), ("cat", (9, 1, 3, 4)), ("dog", (1, 5, 4, 2)), ("cow", (3, 1, 2, 4))]
    (tmp_path / "a.xml").write_text(annotation((20, 10), *boxes))
    assert read_annotations(tmp_path).boxes["category"].to_list() == ["cat"]
    assert Voc(annotations=tmp_path).boxes(tmp_path).height == 1
    assert "2 annotations cannot be read: a: an object has a box of 9, 1, 3, 4, whose corners are exchanged" in caplog.text
    with pytest.raises(ShiftscopeError, match=r"box of 9, 1, 3, 4, whose corners are exchanged; .*unusable: skip"):
        Voc(annotations=tmp_path, unusable="refuse").boxes(tmp_path)


def test_pictures_in_another_layout_are_found_by_name(folder):
    (folder / "flat").mkdir()
    for picture in (folder / "pictures").rglob("*.jpg"):
        picture.rename(folder / "flat" / picture.name)
    images, _ = make_images(Voc(annotations=folder / "xml", images=folder / "flat"), folder, 0)
    assert images["image_id"].to_list() == ["empty", "x/two", "x/ü 1"]
    for name in ("a", "b"):
        (folder / "flat" / name).mkdir()
        Image.new("RGB", (20, 10)).save(folder / "flat" / name / "lost.png")
    with pytest.raises(ShiftscopeError, match=r"lost could be .*a/lost.png or .*b/lost.png"):
        make_images(Voc(annotations=folder / "xml", images=folder / "flat"), folder, 0)


def test_annotations_alone(folder):
    source = Voc(annotations=folder / "xml", label="none")
    assert source.provides == {"boxes"}
    images, skipped = make_images(source, folder, 0)
    assert images.select("image_id", "path", "width").rows()[0] == ("empty", None, 20)
    assert (images.height, skipped.height) == (4, 0)
    assert make_boxes(source, folder, images).height == 3


def test_what_is_wrong_is_said(folder):
    (folder / "xml" / "bad.xml").write_text("<annotation>")
    with pytest.raises(ShiftscopeError, match=r"1 annotations cannot be read: bad: .*unusable: skip"):
        Voc(annotations=folder / "xml", unusable="refuse").listing(folder)
    (folder / "a.rar").write_text("")
    with pytest.raises(ShiftscopeError, match=r"a.rar is neither a folder of XML files nor one of .tar"):
        Voc(annotations=folder / "a.rar").check()
    (folder / "no").mkdir()
    with pytest.raises(ShiftscopeError, match="has none of the 4 annotated pictures"):
        Voc(annotations=folder / "xml", images=folder / "no").listing(folder)


def test_two_annotations_of_one_name(folder):
    data = annotation((20, 10)).encode()
    with pytest.raises(ShiftscopeError, match="two annotations called x/a"):
        Voc(annotations=tarred(folder, [("x/a.xml", data), ("x/a.xml", data), ("y.xml", data)])).listing(folder)


def test_folders_in_the_folders_are_watched(folder):
    assert {folder / "xml", folder / "xml" / "x", folder / "pictures" / "x"} <= set(
        Voc(annotations=folder / "xml", images=folder / "pictures").inputs()
    )


def test_names_as_imagenet_has_them(folder):
    """Objects are wnids, and <filename> may be no name at all: the member's own name counts."""
    text = annotation((20, 10), ("n01440764", (1, 1, 4, 4))).replace("<size>", "<filename>%s</filename><size>")
    members = [(f"Annotation/{wnid}/{wnid}_7.xml", text.encode()) for wnid in ("n01440764", "n01443537")]
    archive = tarred(folder, members, ".tar.gz")
    found, categories = Voc(annotations=archive, classes="imagenet").listing(folder)
    assert found["image_id"].to_list() == ["n01440764/n01440764_7", "n01443537/n01443537_7"]
    assert categories == ("n01440764",)
    assert read_boxes(archive)["image_id"].to_list() == ["n01440764_7", "n01443537_7"]


@pytest.mark.parametrize(
    ("text", "size", "objects"),
    [
        ("<a/>text<size><width> 7\n</width><depth/></size>", {"width": " 7\n", "depth": ""}, []),
        ("<size><width>7</width></size><size><width>8</width></size>", {"width": "7"}, []),  # of two, the first
        (
            "<object><name>a&amp;b</name><!-- <name>c</name> --><bndbox><xmin>1</xmin></bndbox><name>d</name></object>",
            {},
            [({"name": "a&b", "bndbox": ""}, {"xmin": "1"})],
        ),
        (
            "<object><part><name>p</name><bndbox><xmin>2</xmin></bndbox></part><name>a</name></object>",
            {},
            [({"part": "", "name": "a"}, {})],
        ),
        ("<a><object><name>p</name></object><size><width>1</width></size></a>", {}, []),  # no children of the root
        (
            "<object><name><![CDATA[<x>]]></name><size><width>1</width></size></object>",
            {},
            [({"name": "<x>", "size": ""}, {})],
        ),
    ],
)
def test_what_a_document_says(text, size, objects):
    for data in (f"<annotation x='1'>{text}</annotation>".encode(), f"<annotation>{text}</annotation>".encode("utf-16")):
        assert parse(data) == (size, objects)


def test_the_encoding_that_a_document_names_counts():
    text = "<annotation><object><name>ü</name></object></annotation>"
    for encoding in ("utf-8", "iso-8859-1", "cp1252"):
        assert parse(f"<?xml version='1.0' encoding='{encoding}'?>{text}".encode(encoding)).objects == [({"name": "ü"}, {})]


@pytest.mark.parametrize(
    "text",
    [
        "<annotation>\x0b</annotation>",
        "\x0c<annotation></annotation>",
        "<annotation><a>\x01</a></annotation>",
        "<annotation><a>]]></a></annotation>",
        "<annotation><a></b></annotation>",
        "<annotation><a></a></annotation><annotation></annotation>",
        "<annotation><a></a></annotation>x",
        "\n<?xml version='1.0'?><annotation></annotation>",
        "<?xml version='1.0\"?><annotation></annotation>",
        "<annotation><object><name>&cat;</name></object></annotation>",
        *(
            f"<annotation>{part * 50_000}<x"
            for part in ("<a></a>", "<object><bndbox><b></b></bndbox></object>", "<s>", "<a>x")
        ),
    ],
)
def test_what_is_no_xml_is_refused(text):
    with pytest.raises(ElementTree.ParseError):
        parse(text.encode())


BOMB = "<!ENTITY a '" + "&b;" * 10 + "'><!ENTITY b '" + "c" * 1000 + "'>"


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "declared", [f"[{BOMB}]", "[<!ENTITY a SYSTEM 'file:///etc/hostname'>]", "SYSTEM 'file:///etc/hostname'"]
)
def test_no_entity_is_expanded_and_no_file_fetched(folder, declared, encoding):
    text = f"<!DOCTYPE annotation {declared}>" + annotation((2, 2), ("&a;", (1, 1, 2, 2)))
    (folder / "xml" / "bomb.xml").write_bytes(text.encode(encoding))
    found = read_annotations(folder / "xml")
    assert [line for line in found.faulty if "document type" in line]
    assert found.boxes.height == 4


def changed(old, new):
    return annotation((20, 10), ("cat", (1, 1, 4, 4))).replace(old, new)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (changed(">20<", ">inf<"), "the width inf, which is no number of pixels"),
        (changed(">20<", ">1e12<"), "the width 1e12, which is no number of pixels"),
        (changed(">20<", ">-4<"), "the width -4, which is no number of pixels"),
        (changed("<xmax>4<", "<xmax>inf<"), "an object has a corner that is not finite"),
        (changed("<xmax>4<", "<xmax>nan<"), "an object has a corner that is not finite"),
        (changed("<xmax>4<", "<xmax>four<"), "an object has a box of 1, 1, four, 4, which are not all numbers"),
        (changed("<xmax>4</xmax>", ""), "an object has no xmax"),
        (changed(">cat<", "> <"), "an object has an empty name"),
        ("<?xml version='1.0' encoding='foo'?>" + annotation((2, 2)), "unknown encoding"),
        ("<html></html>", "no <annotation>"),
        ("", "no element found"),
        ("<!DOCTYPE a []><annotation></annotation>", "document type"),
    ],
)
def test_a_faulty_annotation_is_left_out_and_said(folder, text, sentence, caplog):
    (folder / "xml" / "bad.xml").write_text(text)
    source = Voc(annotations=folder / "xml")
    assert not source.boxes(folder).filter(image_id="bad").height
    assert f"bad: {sentence}" in caplog.text or sentence in caplog.text.partition("bad: ")[2]
    with pytest.raises(ShiftscopeError, match="1 annotations cannot be read"):
        source.model_copy(update={"unusable": "refuse"}).boxes(folder)


@pytest.mark.parametrize(
    ("word", "meant"), [("1", True), ("0", False), (" true ", True), ("Unspecified", None), ("", None)]
)
def test_marks_in_words(folder, word, meant):
    (folder / "xml" / "a.xml").write_text(changed("</name>", f"</name><truncated>{word}</truncated>"))
    assert Voc(annotations=folder / "xml").boxes(folder).filter(image_id="a")["is_truncated"].to_list() == [meant]


def tarred(folder, members, form=".tar"):
    path = folder / f"archive{form}"
    with tarfile.open(path, "w:gz" if form.endswith("gz") else "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def member(name, data, kind=b"0", size=None):
    """A header with a right sum, and what follows it."""
    header = bytearray(512)
    header[: len(name)] = name
    header[124:136] = size or b"%011o\0" % len(data)
    header[156:157], header[257:263] = kind, b"ustar\0"
    header[148:156] = b"%06o\0 " % (sum(header) + 8 * 32)
    return bytes(header) + data + bytes(-len(data) % 512)


SPARSE = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
"""The file that follows has to begin with a list of its parts."""
GOOD = member(b"a.xml", annotation((2, 2)).encode())
END = bytes(1024)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (member(b"p", b"0 comment=x\n", b"x") + GOOD + END, "invalid header"),
        (member(b"p", SPARSE, b"x") + member(b"a.xml", b"2\n0\n") + END, "is no complete archive"),
        (member(b"p", b"", b"x", size=b"77777777777\0") + GOOD + END, "a header has the size 8589934591"),
        (member(b"p", b"", b"L", size=b"77777777777\0") + GOOD + END, "a header has the size 8589934591"),
        (member(b"a.xml", b"", size=b"-0000000001\0") + GOOD + END, "a header has the size -1"),
        (member(b"a.xml", b"", size=b"\xff" * 12) + GOOD + END, "a header has the size -1"),
        (member(b"a.bin", b"", size=b"\x80" + (2**62).to_bytes(11, "big")) + GOOD + END, "ends before its end is marked"),
        (GOOD + member(b"a.bin", b"", size=b"00000100000\0"), "ends before its end is marked"),
        (GOOD + member(b"b.xml", b"", size=b"00000100000\0"), "ends before its end is marked"),
        (GOOD, "ends before its end is marked"),  # cut between two files
        (GOOD + GOOD[:100], "ends before its end is marked|truncated header"),
        (member(b"a.xml", b"", size=b"77777777777\0") + END, "a.xml' of 8589934591 bytes, where 16000000 is the most"),
        (b"b" + GOOD[1:] + END, "a header is damaged: bad checksum"),
        (GOOD + b"b" + GOOD[1:] + END, "a header is damaged: bad checksum"),  # tarfile takes it for the archive's end
        (GOOD + END + GOOD + END, "goes on behind its end"),
        (GOOD + END + bytes(1 << 20) + GOOD + END, "goes on behind its end"),
        (gzip.compress(GOOD + END, mtime=0)[:-30], "end-of-stream|Compressed file ended"),
        (gzip.compress(GOOD + END, mtime=0)[:-8] + bytes(8), "CRC check failed"),
        (member(b"../a.xml", b"") + END, "leads out of it"),
        (member(b"/a.xml", b"") + END, "leads out of it"),
        (member(b"\xfc.xml", b"") + END, "no UTF-8"),
    ],
)
def test_archives_that_would_harm(tmp_path, data, words):
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(ShiftscopeError, match=words) as caught:
        read_annotations(tmp_path / "a.tar")
    assert str(tmp_path / "a.tar") in str(caught.value)


def test_every_damaged_archive_is_a_sentence_or_is_read(tmp_path):
    rng = random.Random(3)
    whole = gzip.compress(b"".join(member(b"%d.xml" % k, rng.randbytes(300)) for k in range(30)) + END)
    said = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(10, len(data))] = rng.randrange(256)
        (tmp_path / "a.tgz").write_bytes(data)
        try:
            read_annotations(tmp_path / "a.tgz")
        except ShiftscopeError:
            said += 1
    assert said > 250


def test_other_files_in_the_archive_are_passed_over(tmp_path):
    (tmp_path / "a.tar").write_bytes(member(b"a.jpg", bytes(5000)) + member(b"d", b"", b"5") + GOOD + END)
    assert read_annotations(tmp_path / "a.tar").files["image_id"].to_list() == ["a"]
