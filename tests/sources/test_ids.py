"""Of every kind of source: two files are never one picture without a word."""

import io
import json
import tarfile

import polars as pl
import pytest
from PIL import Image

from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import sources
from shiftscope.sources.imagenet import SOLUTION
from shiftscope.stages.images import make_images

XML = (
    "<annotation><size><width>9</width><height>9</height></size><object><name>c</name><bndbox><xmin>2</xmin><ymin>2</ymin>"
    "<xmax>5</xmax><ymax>5</ymax></bndbox></object></annotation>"
)


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 9)).save(path)
    return path


def pair(folder):
    """Two files of one name."""
    return put(folder / "one.jpg"), put(folder / "one.png")


def imagenet(folder):
    pair(folder / "val")
    (folder / SOLUTION).write_text("ImageId,PredictionString\none,n01440764 1 1 2 2\n")
    return {"path": folder}


def imagenette(folder):
    pair(folder / "val" / "n01440764")
    return {"path": folder}


def plain(folder):
    pair(folder)
    return {"path": folder, "labels": "none"}


def table(folder):
    pl.DataFrame({"path": [path.name for path in pair(folder)]}).write_csv(folder / "list.csv")
    return {"path": folder / "list.csv"}


def coco(folder):
    images = [{"id": k, "file_name": path.name} for k, path in enumerate(pair(folder))]
    (folder / "a.json").write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    return {"images": folder, "annotations": folder / "a.json"}


def voc(folder):
    pair(folder / "images")
    (folder / "one.xml").write_text(XML)
    return {"annotations": folder, "images": folder / "images"}


def yolo(folder):
    pair(folder / "images")
    (folder / "labels").mkdir()
    (folder / "labels" / "one.txt").write_text("0 .5 .5 .2 .2\n")
    return {"labels": folder / "labels", "images": folder / "images"}


def openimages(folder):
    pair(folder / "images")
    (folder / "b.csv").write_text("ImageID,LabelName,XMin,XMax,YMin,YMax\none,c,0.1,0.5,0.1,0.5\n")
    return {"path": folder / "b.csv", "images": folder / "images"}


def webdataset(folder):
    for name in ("a", "b"):  # two shards of one name
        (folder / name).mkdir()
        with tarfile.open(folder / name / "v.tar", "w") as tar:
            data = put(folder / "x.png").read_bytes()
            info = tarfile.TarInfo("one.png")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return {"shards": f"{folder}/*/v.tar", "label": "none"}


def film(folder):
    """A folder of frames, and a film file of that name."""
    put(folder / "one" / "f0.png")
    (folder / "one.mp4").write_bytes(b"")
    return {"path": folder}


MAKERS = {
    "folder": plain,
    "imagenet": imagenet,
    "imagenette": imagenette,
    "table": table,
    "coco": coco,
    "voc": voc,
    "yolo": yolo,
    "openimages": openimages,
    "webdataset": webdataset,
    "film": film,
}
OURS = {"digits", "coco2017", "imagenet_boxes", "photographs"}  # their files are made, or named by their publisher


def test_every_kind_is_here():
    assert MAKERS.keys() | OURS == {entry.name for entry in sources}


@pytest.mark.parametrize("kind", MAKERS)
def test_two_files_of_one_name_are_refused(kind, tmp_path):
    source = sources[kind].item.model_validate({"kind": kind, **MAKERS[kind](tmp_path)})
    with pytest.raises(ShiftscopeError, match=r"one.*one.*(rename or remove|remove one)"):
        make_images(source, tmp_path, 0)


def test_one_file_for_two_annotations_is_refused(tmp_path):
    put(tmp_path / "images" / "one.png")
    for name in ("a", "b"):
        (tmp_path / "xml" / name).mkdir(parents=True)
        (tmp_path / "xml" / name / "one.xml").write_text(XML)
    source = sources["voc"].item.model_validate({"annotations": tmp_path / "xml", "images": tmp_path / "images"})
    with pytest.raises(ShiftscopeError, match=r"a/one and b/one could both be .*one\.png; lay the pictures out"):
        make_images(source, tmp_path, 0)


def test_a_picture_that_is_listed_twice_is_said_to_be(tmp_path):
    put(tmp_path / "one.png")
    for images in (tmp_path, None):
        rows = [{"id": k, "file_name": name, "width": 9, "height": 9} for k, name in enumerate(("one.png", "./one.png"))]
        (tmp_path / "a.json").write_text(json.dumps({"images": rows, "annotations": [], "categories": []}))
        source = sources["coco"].item.model_validate({"annotations": tmp_path / "a.json", "images": images})
        with pytest.raises(ShiftscopeError, match=r"one.* is listed twice; remove one"):
            make_images(source, tmp_path, 0)
