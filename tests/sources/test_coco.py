"""COCO files, with pycocotools as the referee."""

import io
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pycocotools.coco import COCO

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources import sources
from shiftscope.sources.coco import Coco
from shiftscope.stages.annotations import make_boxes, make_landmarks
from shiftscope.stages.images import make_images


def dataset():
    return {
        "images": [
            {"id": 7, "file_name": "b.png", "width": 40, "height": 30},
            {"id": 3, "file_name": "sub dir/ä.png", "width": 20, "height": 10},
            {"id": 9, "file_name": "none.png"},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [1, 2, 3.5, 4], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [0, 0, 40, 30], "iscrowd": 1},
            {"id": 3, "image_id": 7, "category_id": 2, "bbox": [5, 5, 7, 2], "iscrowd": 0},
            {"id": 4, "image_id": 7, "category_id": 2, "bbox": [5, 5, 0, 20], "iscrowd": 0},
            {"id": 5, "image_id": 3, "category_id": 5, "bbox": [0, 0, 20, 10]},
            {"id": 6, "image_id": 9, "category_id": 5, "bbox": [0, 0, 0, 0]},
        ],
        "categories": [{"id": 5, "name": "cat"}, {"id": 2, "name": "dog"}, {"id": 8, "name": "eel"}],
    }


@pytest.fixture
def write(tmp_path):
    def put(content, **options):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
        (tmp_path / "images").mkdir(exist_ok=True)
        return Coco(images=tmp_path / "images", annotations=tmp_path / "a.json", **options)

    return put


def test_listing(write, tmp_path, capsys):
    pictures, categories = write(dataset()).listing(tmp_path)
    assert categories == ("dog", "cat", "eel")
    assert dict(zip(pictures["image_id"], pictures["category"], strict=True)) == {
        "b": "cat",
        "sub dir/ä": "cat",
        "none": None,
    }
    assert set(write(dataset(), label="none").listing(tmp_path).pictures["category"]) == {None}
    assert capsys.readouterr() == ("", "")
    assert sources["coco"].item is Coco


def test_boxes(write, tmp_path):
    boxes = write(dataset()).boxes(tmp_path)
    assert boxes.schema == tables.BOXES
    assert boxes.select("image_id", "category", "x_min", "y_min", "x_max", "y_max", "is_crowd").rows() == [
        ("b", "cat", 1, 2, 4.5, 6, False),
        ("b", "dog", 0, 0, 40, 30, True),
        ("b", "dog", 5, 5, 12, 7, False),
        ("sub dir/ä", "cat", 0, 0, 20, 10, False),
    ]


def by_pycocotools(path):
    """Boxes with an area as `tables.BOXES` has them, and the pictures, both from COCO's own reader."""
    coco = COCO(str(path))
    crowds = set(coco.getAnnIds(iscrowd=True))
    rows = []
    for annotation in coco.loadAnns(coco.getAnnIds()):
        x, y, width, height = annotation["bbox"]
        if width > 0 and height > 0:
            (image,) = coco.loadImgs(annotation["image_id"])
            (category,) = coco.loadCats(annotation["category_id"])
            name = image["file_name"].rpartition(".")[0]
            size = (image.get("width"), image.get("height"))
            rows.append((name, category["name"], x, y, x + width, y + height, *size, annotation["id"] in crowds))
    return rows, {image["file_name"].rpartition(".")[0] for image in coco.loadImgs(coco.getImgIds())}


def drawn(rng, pictures=30, objects=200):
    """A file of boxes, some of them crowds and some flat, with pictures, categories and boxes in no order."""
    categories = [{"id": int(k), "name": f"c{k}"} for k in rng.permutation(90)[:12]]
    images = [
        {"id": int(k), "file_name": f"{k % 3}/{k:012}.jpg", "width": 640, "height": 480} for k in rng.permutation(999)
    ]
    images = images[:pictures]
    annotations = []
    for number in rng.permutation(5000)[:objects]:
        left, top, width, height = np.round(rng.uniform(0, 200, 4), 2).tolist()
        if rng.random() < 0.1:
            width = 0
        owner, kind = rng.choice(images)["id"], rng.choice(categories)["id"]
        annotations.append(
            {
                "id": int(number),
                "image_id": owner,
                "category_id": kind,
                "bbox": [left, top, width, height],
                "iscrowd": int(rng.random() < 0.2),
            }
        )
    return {"images": images, "annotations": annotations, "categories": categories}


REAL = os.environ.get("SHIFTSCOPE_REAL_DATA")


@pytest.mark.parametrize(
    "case",
    ["drawn", pytest.param("val2017", marks=pytest.mark.skipif(not REAL, reason="SHIFTSCOPE_REAL_DATA is not set"))],
)
def test_pycocotools_reads_the_same_boxes_categories_and_crowds(case, write, tmp_path):
    if case == "drawn":
        source = write(drawn(np.random.default_rng(0)))
    else:
        source = Coco(annotations=Path(REAL, "coco-tiny", "annotations", f"instances_{case}.json"))
    expected, pictures = by_pycocotools(source.annotations)
    columns = ("image_id", "category", "x_min", "y_min", "x_max", "y_max", "image_width", "image_height", "is_crowd")
    assert sorted(source.boxes(tmp_path).select(columns).rows()) == sorted(expected)
    assert set(source.listing(tmp_path).pictures["image_id"]) == pictures
    assert {row[-1] for row in expected} == {False, True}


@pytest.mark.parametrize("what", ["listing", "boxes", "landmarks"])
def test_a_job_reads_the_file_once(what, tmp_path, monkeypatch):
    path = tmp_path / "person_keypoints.json"
    path.write_text(json.dumps(people()))
    opened = []
    monkeypatch.setattr(
        io, "open", lambda file, *args, _open=io.open, **kw: opened.append(file) or _open(file, *args, **kw)
    )
    getattr(Coco(annotations=path), what)(tmp_path)
    assert opened.count(path) == 1


def changed(part, place, **keys):
    broken = dataset()
    for key, value in keys.items():
        if value is None:
            del broken[part][place][key]
        else:
            broken[part][place][key] = value
    return broken


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "no list of 'images'"),
        ({"images": []}, "no list of 'annotations'"),
        ({"images": [], "annotations": [], "categories": []}, "names no pictures"),
        (changed("images", 0, file_name=None), "entry 0 of 'images' has no usable 'file_name'"),
        (changed("images", 0, file_name="../x.png"), "does not stay inside"),
        (changed("images", 0, file_name="/x.png"), "does not stay inside"),
        (changed("images", 0, file_name=""), "does not stay inside"),
        (changed("images", 0, width="4"), "no whole number"),
        (changed("images", 0, id=3), "two pictures of the same id"),
        (changed("annotations", 0, image_id=99), "annotation 1 has the image_id 99"),
        (changed("annotations", 0, category_id=99), "annotation 1 has the category_id 99"),
        (changed("annotations", 0, bbox=None), "annotation 1 has no `bbox`"),
        (changed("annotations", 0, bbox=[1, 2, 3]), "annotation 1 has no `bbox`"),
        (changed("annotations", 0, bbox=[1, 2, 3, float("nan")]), "annotation 1 has no `bbox` of four finite numbers"),
        (changed("annotations", 0, bbox=[1, 2, 3, 10**400]), "annotation 1 has no `bbox` of four finite numbers"),
        (changed("annotations", 0, bbox="1234"), "no `bbox` of four finite numbers, but 1234"),
        (changed("annotations", 0, bbox=["1", "2", "3", "4"]), "annotation 1 has no `bbox` of four finite numbers"),
        (changed("annotations", 0, bbox={"1": 0, "2": 0, "3": 0, "4": 0}), "no `bbox` of four finite numbers"),
        (changed("annotations", 0, bbox=[True, False, True, True]), "annotation 1 has no `bbox` of four finite numbers"),
        (changed("annotations", 0, iscrowd="0"), "annotation 1 has the `iscrowd` '0', which is neither 0 nor 1"),
        (changed("annotations", 0, iscrowd=2), "annotation 1 has the `iscrowd` 2, which is neither"),
        (changed("annotations", 0, iscrowd=[0]), r"annotation 1 has the `iscrowd` \[0\], which is neither"),
        (changed("categories", 0, id=2), "has two categories of the same id"),
        (changed("categories", 0, id=True), "entry 0 of 'categories' has no usable 'id'"),
        (changed("images", 0, width=True), "b.png has the width True, no whole number"),
        (changed("categories", 0, name=None), "entry 0 of 'categories' has no usable 'name'"),
    ],
)
def test_a_broken_file_is_named(write, tmp_path, content, sentence):
    with pytest.raises(ShiftscopeError, match=sentence) as caught:
        write(content).listing(tmp_path)
    assert "a.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_crowds_are_those_of_pycocotools(write, tmp_path):
    """JSON has several ways to write 0 and 1."""
    content = dataset()
    said = [0, 1, False, True, 0.0, 1.0]
    content["annotations"] = [
        {"id": 10 + place, "image_id": 7, "category_id": 5, "bbox": [place, 0, 5, 5], "iscrowd": value}
        for place, value in enumerate(said)
    ]
    source = write(content)
    boxes = source.boxes(tmp_path)
    coco = COCO(str(source.annotations))
    expected = {annotation["bbox"][0] for annotation in coco.loadAnns(coco.getAnnIds(iscrowd=True))}
    assert set(boxes.filter("is_crowd")["x_min"]) == expected == {1, 3, 5}
    # Nothing said, or null, is no crowd: so COCOeval reads it, `'iscrowd' in gt and gt['iscrowd']`.
    del content["annotations"][1]["iscrowd"]
    content["annotations"][3]["iscrowd"] = None
    assert set(write(content).boxes(tmp_path).filter("is_crowd")["x_min"]) == {5}


def test_negative_sides_are_counted_in_the_log(write, tmp_path, caplog):
    content = changed("annotations", 0, bbox=[5, 5, -3, 4])
    boxes = write(content).boxes(tmp_path)
    assert boxes["x_min"].to_list() == [0, 5, 0]
    assert "1 boxes have a negative side, such as that of annotation 1; they are left out" in caplog.text
    caplog.clear()
    write(dataset()).boxes(tmp_path)  # no area, as the manual says
    assert caplog.text == ""
    with pytest.raises(ShiftscopeError, match=r"a\.json: 1 boxes have a negative side"):
        write(content, unusable="refuse").boxes(tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ShiftscopeError, match="images does not exist"):
        Coco(images=tmp_path / "images", annotations=tmp_path / "a.json").check()
    (tmp_path / "images").mkdir()
    with pytest.raises(ShiftscopeError, match=r"a\.json does not exist"):
        Coco(images=tmp_path / "images", annotations=tmp_path / "a.json").check()
    source = Coco(images=tmp_path / "images", annotations=tmp_path / "images")
    with pytest.raises(ShiftscopeError, match="does not exist"):
        source.check()


def test_through_the_data_set(write, tmp_path):
    source = write(dataset())
    (tmp_path / "images" / "sub dir").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "images" / "b.png")
    Image.new("RGB", (20, 10)).save(tmp_path / "images" / "sub dir" / "ä.png")
    images, skipped = make_images(source, tmp_path, seed=0)
    assert images["image_id"].to_list() == ["b", "sub dir/ä"]
    assert images["label"].to_list() == [1, 1]
    assert skipped["image_id"].to_list() == ["none"]
    boxes = make_boxes(source, tmp_path, images.filter(pl.col("image_id") == "b"))
    assert set(boxes["image_id"]) == {"b"}
    with pytest.raises(ShiftscopeError, match=r"1 of 3 .*none\.png does not exist"):
        make_images(write(dataset(), unusable="refuse"), tmp_path, seed=0)


def test_annotations_alone(write, tmp_path):
    source = write(dataset()).model_copy(update={"images": None})
    assert "pictures" not in source.provides
    images, skipped = make_images(source, tmp_path, seed=0)
    assert skipped.is_empty()
    expected = {(Path(image["file_name"]).with_suffix("").as_posix(), image.get("width")) for image in dataset()["images"]}
    assert set(images.select("image_id", "width").rows()) == expected
    assert images["path"].null_count() == images.height


def people():
    """Key points as COCO writes them: x, y, v for each name; v = 0 is not labelled, 1 hidden, 2 seen."""
    category = {"id": 1, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"], "skeleton": []}
    annotation = {"image_id": 5, "category_id": 1, "bbox": [0, 0, 5, 5], "iscrowd": 0, "area": 25, "num_keypoints": 2}
    return {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 40, "height": 30}],
        "categories": [category],
        "annotations": [
            {**annotation, "id": 1, "keypoints": [0, 0, 0, 10, 20, 2, 12, 21, 1]},
            {**annotation, "id": 2, "keypoints": [39, 29, 2, 0, 0, 0, 0, 0, 0]},
        ],
    }


def test_key_points(tmp_path):
    path = tmp_path / "person_keypoints.json"
    path.write_text(json.dumps(people()))
    source = Coco(annotations=path)
    assert source.provides == {"labels", "boxes", "landmarks"}
    images, _ = make_images(source, tmp_path, seed=0)
    found = make_landmarks(source, tmp_path, images)
    assert found.schema == tables.LANDMARKS
    assert found.select("instance", "name", "x", "y", "visible").rows() == [
        (0, "left_eye", 10.5, 20.5, True), (0, "right_eye", 12.5, 21.5, False), (1, "nose", 39.5, 29.5, True)
    ]  # fmt: skip
    broken = people()
    broken["annotations"][1]["keypoints"].pop()
    path.write_text(json.dumps(broken))
    with pytest.raises(ShiftscopeError, match="annotation 2 has 8 numbers as key points, and its category names 3 points"):
        source.landmarks(tmp_path)


def with_points(points, **category):
    broken = people()
    broken["annotations"][1]["keypoints"] = points
    broken["categories"][0].update(category)
    return broken


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (with_points([1, 2, "x"] * 3), "annotation 2 has key points that are not x, y and v"),
        (with_points([None, 2, 2] * 3), "annotation 2 has key points that are not x, y and v"),
        (with_points([float("nan"), 2, 2] * 3), "annotation 2 has key points that are not x, y and v"),
        (with_points([1, 2, 3] * 3), "v, which is 0, 1 or 2"),
        (with_points([True, 2, 2] * 3), "annotation 2 has key points that are not x, y and v"),
        (with_points(5), "annotation 2 has key points that are not x, y and v"),
        (with_points("abcdefghi"), "annotation 2 has key points that are not x, y and v"),
        (with_points([1, 2, 2] * 3, keypoints=[1, 2, 3]), "the category person has `keypoints` that are no list of names"),
    ],
)
def test_broken_key_points_are_named(tmp_path, content, sentence):
    (tmp_path / "points.json").write_text(json.dumps(content))
    with pytest.raises(ShiftscopeError, match=rf"points\.json .*{sentence}"):
        Coco(annotations=tmp_path / "points.json", keypoints=tmp_path / "points.json").landmarks(tmp_path)


def test_an_object_without_key_points_has_none(tmp_path):
    content = people()
    del content["annotations"][1]["keypoints"]
    (tmp_path / "keypoints.json").write_text(json.dumps(content))
    assert Coco(annotations=tmp_path / "keypoints.json").landmarks(tmp_path)["instance"].unique().to_list() == [0]


def test_the_file_of_key_points_is_named_where_it_is_broken(write, tmp_path):
    broken = people()
    del broken["images"][0]["file_name"]
    (tmp_path / "points.json").write_text(json.dumps(broken))
    source = write(dataset()).model_copy(update={"keypoints": tmp_path / "points.json"})
    assert "landmarks" in source.provides
    with pytest.raises(ShiftscopeError, match=r"points\.json .*no usable 'file_name'"):
        source.landmarks(tmp_path)


@pytest.mark.parametrize("width", [10**12, -1])
def test_sizes_that_no_picture_has(write, tmp_path, width):
    with pytest.raises(ShiftscopeError, match=f"b.png has the width {width}, no whole number of pixels"):
        write(changed("images", 0, width=width)).listing(tmp_path)


def test_a_size_of_0_is_unknown(write, tmp_path):
    pictures = write(changed("images", 0, width=0)).listing(tmp_path).pictures
    assert pictures.filter(image_id="b").select("width", "height").rows() == [(None, 30)]
