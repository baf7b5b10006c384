"""Annotations in VOC's XML, alone and in archives."""

import io
import random
import tarfile
from xml.etree import ElementTree

import polars as pl
import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.formats import voc as voc_xml
from shiftscope.data.formats.voc import documents, parse, read_annotations


def by_elementtree(text):
    """(size, objects) by the paths that everybody writes."""
    root = ElementTree.fromstring(text)

    def value(node, path):
        found = node.find(path)
        return None if found is None else (found.text or "")

    keys = ("bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax", "name", "truncated", "difficult")
    objects = [[value(node, key) for key in keys] for node in root.findall("object")]
    return [value(root, "size/width"), value(root, "size/height")], objects


def told(document):
    def value(found, key):
        return found.get(key)

    objects = [
        [value(box, key) for key in voc_xml.EDGES] + [value(facts, key) for key in ("name", "truncated", "difficult")]
        for facts, box in document.objects
    ]
    return [value(document.size, "width"), value(document.size, "height")], objects


def odd(rng):
    """A document that may have anything a real or a strange tool writes."""

    def leaf(tag, value):
        return rng.choice([f"<{tag}>{value}</{tag}>"] * 8 + [f"<{tag}/>", f"<{tag}></{tag}>", f"<{tag}> {value}\n</{tag}>"])

    space = lambda: rng.choice(["", "\n\t", "\r\n  "])  # noqa: E731
    strange = lambda *choices: rng.choice(["", "", "", "", *choices]) if rng.random() < 0.4 else ""  # noqa: E731

    def thing(depth=0):
        parts = [leaf("name", rng.choice(["cat", "a b", "n01440764", "x&amp;y", "ü"]))]
        box = [leaf(tag, rng.choice([3, "4.5", -1, "", "1e2"])) for tag in ("xmin", "ymin", "xmax", "ymax")]
        rng.shuffle(box)
        parts.append(f"<bndbox>{space().join(box)}</bndbox>")
        parts += [leaf("truncated", rng.choice([0, 1]))] * rng.randint(0, 2)
        parts += [leaf("difficult", 0)] * rng.randint(0, 1)
        parts.append(
            strange("<!-- a > comment -->", "text", "<![CDATA[<name>no</name>]]>", "<bndbox><xmin>9</xmin></bndbox>")
        )
        if depth == 0 and rng.random() < 0.3:
            parts.append("<part>" + "".join(parts) + "</part>" + thing(1))
        rng.shuffle(parts)
        return f"<object>{space().join(parts)}</object>"

    parts = ["<filename>a.jpg</filename>", strange("<object/>", "<name>root</name>", "<xmin>5</xmin>", "<?pi x?>")]
    parts += ["<size>" + leaf("width", 10) + leaf("height", 20) + "</size>"] * rng.randint(0, 2)
    parts += [thing() for _ in range(rng.randint(0, 3))]
    rng.shuffle(parts)
    text = "<annotation>" + space().join(parts) + "</annotation>"
    attributed = text.replace("<annotation>", '<annotation verified="yes">') if rng.random() < 0.1 else text
    return rng.choice(["", "", "", "\n", "<?xml version='1.0' encoding='utf-8'?>\n"]) + attributed + rng.choice(["", "\n"])


def test_a_document_says_what_the_paths_that_everybody_writes_say():
    rng = random.Random(0)
    several = 0
    for _ in range(1500):
        text = odd(rng)
        expected = by_elementtree(text)
        several += len(expected[1]) > 1
        assert told(parse(text.encode())) == expected, text
    assert several > 300


def test_what_is_not_well_formed_is_refused():
    rng = random.Random(1)
    refused = 0
    for _ in range(1000):
        text = list(odd(rng))
        for _ in range(rng.randint(1, 2)):
            place = rng.randrange(len(text))
            text[place : place + rng.choice([0, 1, 5])] = rng.choice(
                ["", "<", ">", "&", "/", "]]>", "\x01", "</object>", "<a>"]
            )
        broken = "".join(text)
        try:
            ElementTree.fromstring(broken)
        except ElementTree.ParseError:
            refused += 1
            with pytest.raises((ElementTree.ParseError, ValueError)):
                parse(broken.encode())
    assert refused > 250


def test_document_types_are_refused():
    bomb = b'<!DOCTYPE a [<!ENTITY x "y">]><annotation><object><name>&x;</name></object></annotation>'
    for data in (bomb, bomb.decode().encode("utf-16")):
        with pytest.raises(ValueError, match="document type"):
            parse(data)


def voc(size=(10, 8), objects=()):
    width, height = size
    text = f"<annotation><size><width>{width}</width><height>{height}</height></size>"
    for name, corners, more in objects:
        edges = "".join(
            f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
        )
        text += f"<object><name>{name}</name>{more}<bndbox>{edges}</bndbox></object>"
    return (text + "</annotation>").encode()


FILES = {
    "top/a b/ü 1.xml": voc(objects=[("cat", (1, 1, 10, 8), "<truncated>1</truncated><difficult>0</difficult>")]),
    "top/a b/none.xml": voc(),
    "top/c/unknown.xml": voc((0, 0), [("dog", (2.5, 3, 4, 4), "")]),
    "top/c/flat.xml": voc(objects=[("dog", (5, 5, 4, 7), ""), ("dog", (5, 5, 5, 5), "")]),  # no area; one pixel
    "top/c/broken.xml": b"<annotation><object>",
    "top/c/words.xml": voc(objects=[("dog", (1, "two", 3, 4), ""), ("cat", (0, -3, 12, 9), "")]),
    "top/readme.txt": b"<annotation/>",
}


def put(folder, form):
    if form == "folder":
        for name, data in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / "top"
    path = folder / f"a{form}"
    with tarfile.open(path, "w" if form == ".tar" else "w:gz", format=tarfile.GNU_FORMAT) as tar:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", ["folder", ".tar", ".tgz"])
def test_annotations_in_a_folder_or_an_archive(form, tmp_path):
    found = read_annotations(put(tmp_path, form))
    files = {row[0]: row[1:] for row in found.files.rows()}
    expected = {"a b/ü 1": (10, 8), "a b/none": (10, 8), "c/unknown": (None, None), "c/flat": (10, 8), "c/words": (10, 8)}
    assert files == expected
    rows = sorted(found.boxes.select("image_id", "category", "x_min", "y_min", "x_max", "y_max").rows())
    assert rows == [
        ("a b/ü 1", "cat", 0, 0, 10, 8),
        ("c/flat", "dog", 4, 4, 5, 5),
        ("c/unknown", "dog", 1.5, 2, 4, 4),
        ("c/words", "cat", -1, -4, 12, 9),  # past the edge: what to do is decided later
    ]
    cat = found.boxes.row(by_predicate=pl.col("image_id") == "a b/ü 1", named=True)
    assert (cat["is_truncated"], cat["is_difficult"], cat["is_crowd"]) == (True, False, None)
    assert sorted(line.split(":")[0].removeprefix("top/") for line in found.faulty) == ["c/broken", "c/words"]
    zero = read_annotations(put(tmp_path / "again", "folder"), one_based=False).boxes
    assert zero.filter(image_id="a b/ü 1")["x_min"].item() == 1


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_names_of_any_length_are_those_of_tarfile(form, tmp_path):
    long = "/".join(["folder" * 6] * 3) + "/" + "x" * 40
    names = [f"{k}/{long if form != tarfile.USTAR_FORMAT or k % 2 else 'a'}.xml" for k in range(4)]
    if form != tarfile.USTAR_FORMAT:
        names += ["é" * 100 + ".xml", "z" * 300 + ".xml"]
    with tarfile.open(tmp_path / "a.tar", "w", format=form) as tar:
        for k, name in enumerate(names):
            info = tarfile.TarInfo(name)
            info.size = 600 * k
            tar.addfile(info, io.BytesIO(bytes([65 + k]) * 600 * k))
        link = tarfile.TarInfo("link.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    found = list(documents(tmp_path / "a.tar"))
    assert found == [(name.removesuffix(".xml"), bytes([65 + k]) * 600 * k) for k, name in enumerate(names)]


def test_archives_that_are_none(tmp_path):
    whole = put(tmp_path, ".tgz").read_bytes()
    for name, data in (("cut.tgz", whole[:-200]), ("junk.tar", b"x" * 3000)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ShiftscopeError, match=f"{name} is no complete archive"):
            read_annotations(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShiftscopeError, match="has no XML files"):
        read_annotations(tmp_path / "empty")
    with pytest.raises(ShiftscopeError, match="do not exist"):
        read_annotations(tmp_path / "nothing")
