"""Data sets that can be none end in a sentence, or the part of them that can be none is left out by name.

A case is a name, what lies in a folder, and the words of the sentence; where there are none, what is left is a right result.
"""

from typing import Any, NamedTuple

import polars as pl
import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.augmentations import augmentations
from shiftscope.protocols import protocols
from shiftscope.sources import sources
from shiftscope.stages.examples import read_examples
from shiftscope.stages.frames import frames_again, make_frames
from shiftscope.stages.images import make_images

from .data import GOOD, picture, put, tar, used

LONG = "x" * 256
DIGITS = "9" * 6_000
DEEP = "[" * 100_000 + "]" * 100_000


class Case(NamedTuple):
    """What lies in a folder, and what is said of it."""

    options: dict[str, Any]
    files: dict[str, Any]
    """Contents by name: bytes, a text, rows of a table, or what JSON is made of."""
    words: str
    """What the sentence matches; empty where the data set can be used."""


def coco(words, *, images=None, annotations=None, categories=None, label="largest"):
    """A picture, a box and a category, of which some are replaced."""
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}
    said = {
        "images": [{"id": 1, "file_name": GOOD}] if images is None else images,
        "annotations": [box] if annotations is None else [{**box, **annotations}],
        "categories": [{"id": 1, "name": "c"}] if categories is None else categories,
    }
    return Case({"kind": "coco", "images": ".", "annotations": "a.json", "label": label}, {"a.json": said}, words)


def listed(rows, words, ending="csv", **options):
    """A list of pictures."""
    return Case({"kind": "table", "path": f"l.{ending}", **options}, {f"l.{ending}": rows}, words)


def shard(members, words, **options):
    """A tar of files."""
    return Case({"kind": "webdataset", "shards": "s.tar", **options}, {"s.tar": tar(members)}, words)


def yolo(text, words, **more):
    """A text file of boxes, beside a picture."""
    files = {"labels/one.txt": text, "images/one.png": picture(), **more}
    names = {"names": next(iter(more))} if more else {}
    return Case({"kind": "yolo", "labels": "labels", "images": "images", **names}, files, words)


def paths(*names):
    return [{"path": GOOD, "label": "c"}, *({"path": name, "label": "c"} for name in names)]


CASES = {
    # Names of files that no file can have
    "coco: a name of 256 characters": coco("", images=[{"id": 1, "file_name": GOOD}, {"id": 2, "file_name": LONG}]),
    "coco: a name with NUL": coco("the file name 'a.+x00'.*NUL", images=[{"id": 1, "file_name": "a\0"}]),
    "coco: a name with half of a character": coco("the file name .*half of a character", images=[{"id": 1, "file_name": "\ud800"}]),
    "coco: a name that leads out": coco("does not stay inside", images=[{"id": 1, "file_name": "../a.png"}]),
    "coco: no name": coco("does not stay inside", images=[{"id": 1, "file_name": ""}]),
    "coco: a folder's name": coco("does not stay inside", images=[{"id": 1, "file_name": "/"}]),
    "coco: a category with half of a character": coco("category '.+ud800'.*half of a character", categories=[{"id": 1, "name": "\ud800"}]),
    "coco: a category with NUL": coco("category 'a.+x00'.*NUL", categories=[{"id": 1, "name": "a\0"}]),
    "coco: a key point with half of a character": Case(
        {"kind": "coco", "images": ".", "annotations": "keypoints.json", "label": "none"},
        {"keypoints.json": {"images": [{"id": 1, "file_name": GOOD}], "annotations": [], "categories": [{"id": 1, "name": "c", "keypoints": ["\ud800"]}]}},
        "half of a character"),
    "coco: an id of an annotation with half of a character": coco("the id of an annotation .*half of a character", annotations={"id": "\ud800"}),
    "coco: an id with half of a character": coco("annotation .* not listed", annotations={"image_id": "\ud800"}),
    "list: an empty path": listed(paths('""'), "row 3 has no path; write one, or take the row out"),
    "list: a path of blanks": listed(paths(" "), "row 3 has no path; write one, or take the row out"),
    "list: the path .": listed(paths("."), "row 3 has the path '.'"),
    "list: the path /": listed(paths("/"), "row 3 has the path '/'"),
    "list: the path ..": listed(paths(".."), "row 3 has the path '..'"),
    "list: an empty path in Parquet": listed(paths(""), "row 2 has no path", "parquet"),
    "list: a path with NUL": listed(paths("a\0b"), "row 2 has the path 'a.+x00b'.*NUL", "parquet"),
    "list: a path of 256 characters": listed(paths(LONG), ""),
    "list: a path of numbers": listed([{"path": 3}, {"path": 4}], "none of 2 pictures can be used: .*3 does not exist"),
    "list: points of the path .": listed(paths(), "row 2 has the path '.'", points="p.csv")._replace(
        files={"l.csv": paths(), "p.csv": [{"path": ".", "name": "eye", "x": 1, "y": 1}]}),
    "tar: a file called {x}": shard({"{x}.png": picture(), "{x}.cls": b"0"}, ""),
    "tar: a file of a long name": shard({f"{'x' * 300}.png": picture(), f"{'x' * 300}.cls": b"0"}, ""),
    "tar: a name with half of a character": shard({"a\udcff.png": picture(), "a\udcff.cls": b"0"}, "half of a character|no UTF-8"),
    "folder: pictures and their folders that are called like tags": Case(
        {"kind": "folder", "path": "p"}, {"p/c/<script>/<b>.png": picture(), "p/c/{x}.png": picture()}, ""),
    "folder: a picture called {dataset}": Case({"kind": "folder", "path": "p"}, {"p/c/{dataset}.png": picture()}, ""),
    "folder: a name that is no UTF-8": Case({"kind": "folder", "path": "p", "labels": "none"}, {"p/a\udcff.png": picture()}, "is no UTF-8; rename it"),
    "yolo: a picture whose name is no UTF-8": yolo("0 .5 .5 .1 .1", "is no UTF-8; rename it")._replace(
        files={"labels/one.txt": "0 .5 .5 .1 .1", "images/a\udcff.png": picture()}),
    "yolo: boxes whose name is no UTF-8": yolo("0 .5 .5 .1 .1", "is no UTF-8; rename it")._replace(
        files={"labels/a\udcff.txt": "0 .5 .5 .1 .1", "images/one.png": picture()}),
    "yolo: a class called by half of a character": yolo("0 .5 .5 .1 .1", "half of a character", **{"n.yaml": r'names: ["\ud800"]'}),
    # Columns
    "list: a column called index": listed([{"path": GOOD, "index": 7, "label": "c"}], ""),
    "list: columns called as ours are": listed([{"path": GOOD, "written": 1, "image_id": 2, "given": 3, "category": 4, "label": "c"}], ""),
    "list: paths that are lists": listed([{"path": [GOOD], "label": "c"}], "the column 'path' holds lists or mappings", "parquet"),
    "list: labels that are lists": listed([{"path": GOOD, "label": ["c"]}], "the column 'label' holds lists or mappings", "parquet"),
    "list: categories that are mappings": listed([{"path": GOOD, "category": {"a": 1}}], "the column 'category' holds lists or mappings", "parquet"),
    "list: edges that are lists": listed([{"path": GOOD, "x_min": [1], "y_min": 1, "x_max": 2, "y_max": 2}], "the column 'x_min' holds lists or mappings", "parquet"),
    "list: sizes that are lists": listed([{"path": GOOD, "width": [1], "height": 1}], "the column 'width' holds lists or mappings", "parquet", pictures="none"),
    "list: points that are lists": listed(paths(), "the column 'name' holds lists or mappings", points="p.parquet")._replace(
        files={"l.csv": paths(), "p.parquet": [{"path": GOOD, "name": ["eye"], "x": 1, "y": 1}]}),
    "list: objects that are lists": listed(paths(), "the column 'instance' holds lists or mappings", points="p.parquet")._replace(
        files={"l.csv": paths(), "p.parquet": [{"path": GOOD, "name": "eye", "x": 1, "y": 1, "instance": [1]}]}),
    "list: bytes that are no text": listed([{"path": GOOD, "label": b"\xff"}], "no UTF-8|cannot be read", "parquet"),
    "list: points whose columns are called as ours are": listed(paths(), "", points="p.csv", columns={"path": "file"})._replace(
        files={"l.csv": [{"file": GOOD, "path": 3, "label": "c"}],
               "p.csv": [{"file": GOOD, "path": 3, "known": "z", "image_id": "y", "name": "eye", "x": 1, "y": 1}]}),
    "list: no Parquet": listed(b"PAR1" + bytes(40) + b"PAR1", "l.parquet cannot be read", "parquet"),
    "list: two columns of one name": listed(b"path,path\none.png,two.png\n", ""),
    "list: no header": listed(b"", "l.csv cannot be read"),
    "list: a quotation mark that is not closed": listed(b'path,label\n"one.png,c\n', "l.csv cannot be read|does not exist"),
    # Labels
    "list: a label of 3e8": listed([{"path": GOOD, "label": 300_000_000}], "label 300000000, and no network has so many outputs"),
    "tar: a label of 3e8": shard({"a.png": picture(), "a.cls": b"300000000"}, "label 300000000, and no network has so many outputs"),
    "yolo: a class of 3e8": yolo("300000000 .5 .5 .1 .1", "300000000 is no class"),
    "yolo: a class of 99,999 in a file of three names": yolo("99999 .5 .5 .1 .1", "label 99999", **{"n.yaml": "names: [a, b, c]"}),
    "yolo: a file of names for 3e8 classes": yolo("0 .5 .5 .1 .1", "no usable `names`", **{"n.yaml": "names: {300000000: a}"}),
    "list: a label of 6,000 digits": listed([{"path": GOOD, "label": DIGITS}], "l.csv cannot be read: could not parse `999"),
    "list: a label of 6,000 digits in Parquet": listed([{"path": GOOD, "label": DIGITS}], "a label '999.* of 6,000 characters; number classes from 0", "parquet"),
    "list: a label of 6,000 digits below 0": listed([{"path": GOOD, "label": "-" + DIGITS}], "l.csv cannot be read|a label '-99.* of 6,001 characters; number classes from 0"),
    "list: a label of 30 digits": listed([{"path": GOOD, "label": "9" * 30}], r"a label \d{10,}\.*\d*, and no network has so many outputs"),
    "list: a category of 30 digits": listed(
        [{"path": GOOD, "x_min": 1, "y_min": 1, "x_max": 5, "y_max": 5, "category": number} for number in ("0", "9" * 30)], ""),
    "list: a label of 1e300": listed([{"path": GOOD, "label": 1e300}], r"a label \d{10,99}\.+\d+, and no network has so many outputs"),
    "tar: a label of 6,000 digits": shard({"a.png": picture(), "a.cls": DIGITS.encode()}, "a label '999.* of 6,000 characters; number classes from 0"),
    "tar: a JSON label of 6,000 digits": shard({"a.png": picture(), "a.json": b'{"y": %s}' % DIGITS.encode()}, "no usable label", label="json:y"),
    "tar: deep JSON": shard({"a.png": picture(), "a.json": b'{"y": %s}' % DEEP.encode()}, "no usable label", label="json:y"),
    "tar: a label with half of a character": shard({"a.png": picture(), "a.json": rb'{"y": "\ud800"}'}, "no usable label", label="json:y"),
    "tar: a label that is infinite": shard({"a.png": picture(), "a.json": b'{"y": 1e999}'}, "label inf; labels are whole numbers", label="json:y"),
    # Numbers and depth in COCO
    "coco: deep JSON": coco("lists and mappings are nested too deeply", images=[])._replace(files={"a.json": '{"images": ' + DEEP + "}"}),
    "coco: a box of 400 digits": coco("no `bbox` of four finite numbers", annotations={"bbox": [1, 1, 10**400, 2]}),
    "coco: a crowd of 400 digits": coco("`iscrowd` 10{10,99}\\.+0+, which is neither 0 nor 1", annotations={"iscrowd": 10**400}),
    "coco: a picture of 400 digits": coco("the width 10{10,99}\\.+0+, no whole number of pixels", images=[{"id": 1, "file_name": GOOD, "width": 10**400}]),
    "coco: an id of 400 digits": coco("", images=[{"id": 10**400, "file_name": GOOD}], annotations={"image_id": 10**400}),
    "coco: a category of 400 digits": coco("", annotations={"category_id": 10**400}, categories=[{"id": 10**400, "name": "c"}]),
    "coco: a number of 6,000 digits": coco("is no JSON: a whole number has thousands of digits$")._replace(files={"a.json": '{"images": [{"id": ' + DIGITS + "}]}"}),
    "coco: boxes that overflow together": coco("", annotations={"bbox": [1.7e308, 1, 1.7e308, 2]}),
    "coco: bytes that are no text": coco("is no JSON")._replace(files={"a.json": b"\xff\xfe"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_data_that_can_be_none(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, case.files)
    source = sources[case.options["kind"]].item.model_validate(case.options)
    if not case.words:
        assert used(source, tmp_path)[0].height
        return
    with pytest.raises(ShiftscopeError, match=case.words) as error:
        used(source, tmp_path)
    assert len(str(error.value)) < 1_000
    str(error.value).encode()


# Pictures that are replaced after they were listed

REPLACED = {
    "text": (b"no picture", "is no picture"),
    "nothing": (None, "does not exist"),
    "another size": (picture(5), r"is 5 × 5 px, and was 9 × 9 px when pictures were listed"),
    "half of itself": (picture()[:45], "cannot be read as a picture"),
}
AGAIN = "put back what was there, or add '-R images' to Snakemake's command"


@pytest.mark.parametrize("refuse", [False, True])
@pytest.mark.parametrize(("data", "words"), REPLACED.values(), ids=REPLACED)
def test_a_picture_that_was_replaced_after_it_was_listed(data, words, refuse, tmp_path):
    put(tmp_path, {"two.png": picture()})
    source = sources["folder"].item.model_validate({"path": tmp_path, "labels": "none"})
    images, _ = make_images(source, tmp_path, 0)
    (tmp_path / GOOD).unlink()
    if data is not None:
        (tmp_path / GOOD).write_bytes(data)
    files = {f"{part}_path": tmp_path / f"{part}.parquet" for part in ("canvases", "frames", "skipped")}
    arguments = {"kind": "centre", "options": {}, "images": images, "boxes": None, "size": 8, "seed": 0, **files}
    if refuse:
        with pytest.raises(
            ShiftscopeError, match=rf"one.png .*has changed since pictures were listed \(.*{words}.*{AGAIN}"
        ):
            make_frames(refuse=True, **arguments)
        assert not any(path.exists() for path in files.values())
        return
    make_frames(refuse=False, **arguments)
    assert pl.read_parquet(files["frames_path"])["image_id"].to_list() == ["two"]
    (skipped,) = pl.read_parquet(files["skipped_path"]).rows(named=True)
    assert (skipped["image_id"], skipped["stage"]) == ("one", "frames")
    assert skipped["reason"].startswith("has changed since pictures were listed (")


def test_a_mistake_that_a_protocol_finds_is_no_picture_that_has_changed(tmp_path, monkeypatch):
    def mistaken(*_):
        raise ShiftscopeError("this protocol needs another setting")

    put(tmp_path, {})
    images, _ = make_images(sources["folder"].item.model_validate({"path": tmp_path, "labels": "none"}), tmp_path, 0)
    monkeypatch.setattr(protocols["centre"].item, "sequence", mistaken)
    files = {f"{part}_path": tmp_path / f"{part}.parquet" for part in ("canvases", "frames", "skipped")}
    with pytest.raises(ShiftscopeError, match=r"^this protocol needs another setting$"):
        make_frames(kind="centre", options={}, images=images, boxes=None, size=8, seed=0, refuse=False, **files)


@pytest.mark.parametrize(("data", "words"), REPLACED.values(), ids=REPLACED)
def test_no_figure_shows_a_picture_that_was_replaced(data, words, tmp_path):
    """What was measured is of the other picture, so there is nothing to leave out: the sentence says how to go on."""
    put(tmp_path, {})
    source = sources["folder"].item.model_validate({"path": tmp_path, "labels": "none"})
    (row,) = make_images(source, tmp_path, 0)[0].iter_rows(named=True)
    (tmp_path / GOOD).unlink()
    if data is not None:
        (tmp_path / GOOD).write_bytes(data)
    with pytest.raises(ShiftscopeError, match=rf"one.png {words}.*{AGAIN}"):
        frames_again(row, None, kind="centre", options={}, size=8, seed=0)


@pytest.mark.parametrize(("data", "words"), REPLACED.values(), ids=REPLACED)
def test_a_network_is_not_trained_on_a_picture_that_was_replaced(data, words, tmp_path):
    put(tmp_path, {"c/a.png": picture()})
    source = sources["folder"].item.model_validate({"path": tmp_path})
    images, _ = make_images(source, tmp_path, 0)
    (tmp_path / "c/a.png").unlink()
    if data is not None:
        (tmp_path / "c/a.png").write_bytes(data)
    network = networks["timm"].item(architecture="resnet18", outputs=2, input_size=8)
    with pytest.raises(ShiftscopeError, match=rf"{words}.*{AGAIN}"):
        read_examples(images, "d", "n", network, augmentations["none"].item(), 1.0)
