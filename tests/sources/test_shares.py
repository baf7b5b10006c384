"""Open Images' and YOLO's boxes, which are shares of the picture, against loops over their files."""

import csv

import polars as pl
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources.openimages import OpenImages
from shiftscope.sources.yolo import Yolo
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.images import make_images

HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
LINES = [
    "b01,xclick,/m/01g317,1,0.1,0.5,0,1,0,1,0,0,0",
    "b01,xclick,/m/0cmf2,1,0.25,0.75,0.25,0.5,0,0,0,0,0",
    "a00,xclick,/m/0cmf2,1,0,1,0,1,-1,-1,1,-1,-1",
    "a00,xclick,/m/01g317,1,0.5,0.5,0,1,0,0,0,0,0",
    "c02,xclick,/m/09zzz,1,0,0.25,0,0.5,0,0,0,0,0",
]
SIZES = {"a00": (40, 20), "b01": (10, 8), "c02": (16, 32)}


@pytest.fixture
def csvs(tmp_path):
    (tmp_path / "boxes.csv").write_text("\n".join([HEADER, *LINES]) + "\n")
    (tmp_path / "names.csv").write_text('/m/01g317,Person\n/m/0cmf2,"Airplane, big"\n')
    for name, size in SIZES.items():
        (tmp_path / "pictures" / name[0]).mkdir(parents=True)
        Image.new("RGB", size).save(tmp_path / "pictures" / name[0] / f"{name}.jpg")
    return tmp_path


def loop(names, sizes):
    for row in csv.DictReader([HEADER, *LINES]):
        left, right, top, bottom = (float(row[key]) for key in ("XMin", "XMax", "YMin", "YMax"))
        width, height = sizes.get(row["ImageID"], (1, 1))
        if right > left and bottom > top:
            category = names.get(row["LabelName"], row["LabelName"])
            group, cut = (None if row[key] == "-1" else row[key] == "1" for key in ("IsGroupOf", "IsTruncated"))
            yield row["ImageID"], category, left * width, top * height, right * width, bottom * height, group, cut


COLUMNS = ("image_id", "category", "x_min", "y_min", "x_max", "y_max", "is_crowd", "is_truncated")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("pictures", [True, False])
def test_open_images(csvs, named, pictures):
    source = OpenImages(
        path=csvs / "boxes.csv", names=csvs / "names.csv" if named else None, images=csvs / "pictures" if pictures else None
    )
    source.check()
    assert ("pictures" in source.provides) == pictures
    images, skipped = make_images(source, csvs, 0)
    assert skipped.is_empty()
    sizes = SIZES if pictures else dict.fromkeys(SIZES, (1, 1))
    assert dict(images.select("image_id", pl.struct("width", "height")).rows()) == {
        name: {"width": size[0], "height": size[1]} for name, size in sizes.items()
    }
    boxes = make_boxes(source, csvs, images)
    assert boxes.schema == tables.BOXES
    names = {"/m/01g317": "Person", "/m/0cmf2": "Airplane, big"} if named else {}
    found = sorted(boxes.select(COLUMNS).rows())
    for one, other in zip(found, sorted(loop(names, sizes)), strict=True):
        assert one[:2] + one[6:] == other[:2] + other[6:]
        assert one[2:6] == pytest.approx(other[2:6])
    # Groups do not name a picture: of the two boxes of b01, the person's is larger.
    labels = dict(images.select("image_id", "category").rows())
    assert labels == {"a00": None, "b01": names.get("/m/01g317", "/m/01g317"), "c02": "/m/09zzz"}


def test_a_table_of_something_else(csvs):
    (csvs / "other.csv").write_text("ImageID,LabelName,x\n1,2,3\n")
    with pytest.raises(ShiftscopeError, match=r"no table of Open Images' boxes.*XMin"):
        OpenImages(path=csvs / "other.csv").check()


@pytest.fixture
def yolo(tmp_path):
    files = {
        "train/ü 1": "0 0.5 0.5 0.2 0.5\n1 0.1 0.1 0.2 0.2\n\n",
        "train/none": "",
        "val/poly": "1 0.1 0.2 0.5 0.1 0.3 0.9\n0 0.5 0.5 0 0.1\n",
        "val/lost": "0 0.5 0.5 1 1\n",
    }
    for name, text in files.items():
        path = tmp_path / "labels" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if name != "val/lost":
            picture = tmp_path / "images" / f"{name}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20, 10)).save(picture)
    Image.new("RGB", (20, 10)).save(tmp_path / "images" / "train" / "without.png")
    (tmp_path / "data.yaml").write_text("path: .\nnames: {0: hat, 1: bat}\n")
    (tmp_path / "classes.txt").write_text("hat\nbat\n")
    return tmp_path


@pytest.mark.parametrize("names", ["data.yaml", "classes.txt", None])
def test_yolo(yolo, names, caplog):
    source = Yolo(labels=yolo / "labels", images=yolo / "images", names=names and yolo / names)
    source.check()
    images, _ = make_images(source, yolo, 0)
    hat, bat = ("hat", "bat") if names else ("0", "1")
    assert images.select("image_id", "category", "label").rows() == [
        ("train/none", None, None), ("train/without", None, None), ("train/ü 1", hat, 0), ("val/poly", bat, 1)
    ]  # fmt: skip
    assert "1 files of" in caplog.text
    boxes = make_boxes(source, yolo, images)
    expected = [("train/ü 1", hat, 8, 2.5, 12, 7.5), ("train/ü 1", bat, 0, 0, 4, 2), ("val/poly", bat, 2, 1, 10, 9)]
    for one, other in zip(boxes.select(COLUMNS[:6]).rows(), expected, strict=True):
        assert one[:2] == other[:2]
        assert one[2:] == pytest.approx(other[2:])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 1.2 0.5", r"line 2: it reaches out of the picture"),
        ("0 0.5 0.5 0.5", r"it has 3 numbers after the class"),
        ("cat 0.5 0.5 0.5 0.5", r"'cat 0.5 0.5 0.5 0.5' has words"),
        ("7 0.5 0.5 0.5 0.5", r"a label 7, and classes are numbered from 0 to 1"),
    ],
)
def test_lines_that_are_no_boxes(yolo, line, words):
    (yolo / "labels" / "train" / "none.txt").write_text(f"0 0.5 0.5 0.5 0.5\n{line}\n")
    source = Yolo(labels=yolo / "labels", images=yolo / "images", names=yolo / "classes.txt", unusable="refuse")
    with pytest.raises(ShiftscopeError, match=words):
        source.listing(yolo)
