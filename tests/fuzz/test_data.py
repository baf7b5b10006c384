"""Annotations, lists, archives and pictures with changes: each data set is used, or refused in a sentence."""

import gzip
import io
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from PIL import Image

from shiftscope.data.formats.voc import read_annotations
from shiftscope.data.pictures import MAX_PIXELS, read_turned
from shiftscope.sources import sources

from ..bad_input.data import GOOD, picture, put, tar, used
from .mutations import bytes_of, values_of


def through(options, folder, files):
    """Use a data set of these files, and check what all data sets promise."""
    put(folder, files)
    images, *more = used(sources[options["kind"]].item.model_validate(options), folder)
    labels = images["label"].drop_nulls()
    assert images["image_id"].is_unique().all()
    assert labels.is_between(0, 999_999).all()
    assert images.select((pl.col("width") > 0) & (pl.col("height") > 0)).to_series().all()
    for table in more:
        if "x_min" in table.columns:
            inside = (
                (pl.col("x_min") >= 0) & (pl.col("x_min") <= pl.col("x_max")) & (pl.col("x_max") <= pl.col("image_width"))
            )
            down = (
                (pl.col("y_min") >= 0) & (pl.col("y_min") <= pl.col("y_max")) & (pl.col("y_max") <= pl.col("image_height"))
            )
            assert table.select((inside & down).fill_null(value=False)).to_series().all()
        if "x" in table.columns:
            assert table["x"].is_finite().all()


COCO = {
    "images": [{"id": 1, "file_name": GOOD, "width": 9, "height": 9}, {"id": "b", "file_name": "c/two.png"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 1, 2.5, 2], "iscrowd": 0, "keypoints": [1, 2, 2, 0, 0, 0]},
        {"id": 2, "image_id": "b", "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1, "keypoints": []},
    ],
    "categories": [{"id": 3, "name": "cat", "keypoints": ["a", "b"]}, {"id": 7, "name": "dog", "keypoints": ["l", "r"]}],
}  # fmt: skip
COCO_OPTIONS = {"kind": "coco", "images": ".", "annotations": "keypoints.json"}


def test_coco_with_other_values(fuzz):
    def check(said, folder):
        through(COCO_OPTIONS, folder, {"keypoints.json": json.dumps(said), "c/two.png": picture()})

    fuzz(values_of(COCO), check, COCO)


def test_coco_with_other_bytes(fuzz):
    def check(data, folder):
        through(COCO_OPTIONS, folder, {"keypoints.json": data, "c/two.png": picture()})

    fuzz(bytes_of(json.dumps(COCO).encode()), check, json.dumps(COCO).encode())


XML = (
    b'<?xml version="1.0" encoding="utf-8"?><annotation><size><width>9</width><height>9</height><depth>3</depth></size>'
    b"<object><name>cat</name><truncated>0</truncated><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin>"
    b"<xmax>5.5</xmax><ymax>9</ymax></bndbox></object><object><name>dog</name><bndbox><xmin>2</xmin><ymin>2</ymin>"
    b"<xmax>3</xmax><ymax>3</ymax></bndbox></object></annotation>"
)


def test_voc(fuzz):
    def check(data, folder):
        through({"kind": "voc", "annotations": "xml", "images": "."}, folder, {"xml/one.xml": data})

    fuzz(bytes_of(XML), check, XML)


@pytest.mark.parametrize("packed", [False, True])
def test_voc_in_an_archive(fuzz, packed):
    whole = tar({"a/one.xml": XML, "a/b/two.xml": XML})
    whole = gzip.compress(whole, mtime=0) if packed else whole

    def check(data, folder):
        (folder / "a.tgz").write_bytes(data)
        read_annotations(folder / "a.tgz")

    fuzz(bytes_of(whole), check, whole)


YOLO = b"0 .5 .5 .2 .2\n1 0.1 0.1 0.3 0.1 0.3 0.3\n\n2 0.25 0.25 0.5 0.5\n"
YOLO_NAMES = b'path: ../x\nnames:\n  0: cat\n  1: dog\n  2: "cow"\nnc: 3\n'


def test_yolo(fuzz):
    def check(data, folder):
        labels, names = data
        files = {"labels/one.txt": labels, "images/one.png": picture(), "n.yaml": names}
        through({"kind": "yolo", "labels": "labels", "images": "images", "names": "n.yaml"}, folder, files)

    fuzz(
        st.one_of(st.tuples(bytes_of(YOLO), st.just(YOLO_NAMES)), st.tuples(st.just(YOLO), bytes_of(YOLO_NAMES))),
        check,
        (YOLO, YOLO_NAMES),
    )


OPEN_IMAGES = (
    b"ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
    b"one,x,/m/01,1,0.1,0.5,0.2,0.9,0,1,0,0,0\none,x,/m/02,1,0,1,0,1,0,-1,1,0,0\n"
)


def test_open_images(fuzz):
    def check(data, folder):
        boxes, names = data
        options = {"kind": "openimages", "path": "b.csv", "names": "n.csv", "images": "."}
        through(options, folder, {"b.csv": boxes, "n.csv": names})

    names = b"/m/01,Cat\n/m/02,Dog\n"
    fuzz(
        st.one_of(st.tuples(bytes_of(OPEN_IMAGES), st.just(names)), st.tuples(st.just(OPEN_IMAGES), bytes_of(names))),
        check,
        (OPEN_IMAGES, names),
    )


LIST = b"path,label,x_min,y_min,x_max,y_max,category,width,height\none.png,cat,1,1,5,5,head,9,9\none.png,cat,0,0,9,9,tail,9,9\n"
POINTS = b"path,name,x,y,instance,category,visible\none.png,eye,1.5,2,0,cat,1\none.png,ear,3,4,1,cat,0\n"


def lists(ending):
    """The two lists as a CSV or a Parquet file."""
    if ending == "csv":
        return [LIST, POINTS]
    files = []
    for text in (LIST, POINTS):
        file = io.BytesIO()
        pl.read_csv(text).write_parquet(file)
        files.append(file.getvalue())
    return files


@pytest.mark.parametrize("pictures", ["files", "none"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_lists(fuzz, ending, pictures):
    whole, points = lists(ending)

    def check(data, folder):
        files = {f"l.{ending}": data[0], f"p.{ending}": data[1]}
        through({"kind": "table", "path": f"l.{ending}", "points": f"p.{ending}", "pictures": pictures}, folder, files)

    fuzz(
        st.one_of(st.tuples(bytes_of(whole), st.just(points)), st.tuples(st.just(whole), bytes_of(points))),
        check,
        (whole, points),
    )


ROWS = [
    {"path": GOOD, "label": 1, "x_min": 1, "y_min": 2.0, "x_max": 5, "y_max": 9, "category": "head", "more": {"a": [1]}}
]


def test_lists_with_other_values(fuzz):
    def check(rows, folder):
        try:
            pl.DataFrame(rows, strict=False).write_parquet(folder / "l.parquet")
        except Exception:  # values that no table can hold are not what is looked at
            return
        through({"kind": "table", "path": "l.parquet"}, folder, {})

    # A list names pictures by whatever path its author likes: to open it is right.
    outside = "/etc/passwd"
    fuzz(values_of(ROWS).filter(lambda rows: rows and outside not in str(rows)), check, ROWS)


IMAGENET = {
    "localization.txt": b"val/a.JPEG,12,30,12,200\nval/b.JPEG,0,2,9,6\nval/b.JPEG,3,0,4,9\n",
    "image_sizes.txt": b"val/a.JPEG,500,375\nval/b.JPEG,10,10\n",
    "class_labels.txt": b"val/a.JPEG,134\nval/b.JPEG,0\n",
}


@pytest.mark.parametrize("name", IMAGENET)
def test_imagenets_lists(fuzz, name):
    def check(data, folder):
        put(folder, {**IMAGENET, name: data})
        source = sources["imagenet_boxes"].item(path=folder)
        source.fetch(folder / "source", 0)
        used(source, folder / "source")

    fuzz(bytes_of(IMAGENET[name]), check, IMAGENET[name])


SHARD = tar({
    "a.png": picture(), "a.cls": b"0", "a.json": b'{"y": "cat", "z": [1, {"y": 2}]}', "b/c.png": picture(), "b/c.json": b'{"y": "dog"}', "b/c.cls": b"3",
})  # fmt: skip


@pytest.mark.parametrize("label", ["cls", "json:y", "none"])
def test_shards(fuzz, label):
    def check(data, folder):
        through({"kind": "webdataset", "shards": "s.tar", "label": label}, folder, {"s.tar": data})

    # Between the headers of a tar there are zeros, which say little.
    fuzz(st.one_of(bytes_of(SHARD), bytes_of(SHARD, (0, 512)), bytes_of(SHARD, (1024, 2560))), check, SHARD)


def encoded(ending, **options):
    """A picture of noise and a slope in a format."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 17, 3), dtype=np.uint8)
    pixels[:12] = np.linspace(0, 255, 17, dtype=np.uint8)[:, None]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, ending, **options)
    return file.getvalue()


EXIF = Image.Exif()
EXIF[0x0112] = 6
PICTURES = {
    "jpeg": encoded("JPEG", exif=EXIF),
    "progressive jpeg": encoded("JPEG", progressive=True),
    "png": encoded("PNG"),
    "webp": encoded("WEBP"),
    "lossless webp": encoded("WEBP", lossless=True),
    "gif": encoded("GIF"),
    "bmp": encoded("BMP"),
    "tiff": encoded("TIFF", compression="tiff_lzw"),
    "deflated tiff": encoded("TIFF", compression="tiff_adobe_deflate"),
    "ppm": encoded("PPM"),
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_pictures(fuzz, data):
    def check(data, folder):
        (folder / "a.jpg").write_bytes(data)
        pixels, orientation = read_turned(folder / "a.jpg")
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        assert 0 < pixels.size <= 3 * MAX_PIXELS
        assert orientation in range(1, 9)

    fuzz(st.one_of(bytes_of(data), bytes_of(data, (0, 80))), check, data)
