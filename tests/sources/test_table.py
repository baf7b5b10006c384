"""Lists of pictures: what a plain reading of the file says, whatever its columns are called."""

import csv

import polars as pl
import pytest
from PIL import Image

from shiftscope import tables
from shiftscope.annotations import make_boxes, make_landmarks
from shiftscope.classes import imagenet_wnids
from shiftscope.dataset import make_images
from shiftscope.errors import ShiftscopeError
from shiftscope.sources.table import Table

ROWS = [
    {"path": "a b/ü 1.png", "label": "cat", "x_min": 1, "y_min": 0, "x_max": 4.5, "y_max": 6},
    {"path": "a b/ü 1.png", "label": "cat", "x_min": 0, "y_min": 0, "x_max": 0, "y_max": 6},  # no area
    {"path": "two.png", "label": "ant", "x_min": None, "y_min": None, "x_max": None, "y_max": None},
    {"path": "three.png", "label": None, "x_min": 2, "y_min": 2, "x_max": 11, "y_max": 7},
]


@pytest.fixture
def folder(tmp_path):
    for name in {row["path"] for row in ROWS}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (10, 7)).save(tmp_path / name)
    return tmp_path


def write(path, rows):
    if path.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_a_list_is_its_pictures_labels_and_boxes(folder, ending):
    source = Table(path=write(folder / f"list.{ending}", ROWS))
    assert source.provides == {"pictures", "labels", "boxes"}
    images, skipped = make_images(source, folder, 0)
    assert skipped.is_empty()
    found = images.select("image_id", "label", "category").rows()
    assert found == [("a b/ü 1", 1, "cat"), ("three", None, None), ("two", 0, "ant")]
    boxes = make_boxes(source, folder, images)
    expected = [("a b/ü 1", "cat", 1.0, 4.5, 6.0), ("three", None, 2.0, 10.0, 7.0)]  # the last is cut off at the edge
    assert boxes.select("image_id", "category", "x_min", "x_max", "y_max").rows() == expected


@pytest.mark.parametrize("space", ["own", "imagenet"])
def test_numbers_are_indices_of_the_outputs(folder, space):
    rows = [{"file": "two.png", "y": 1}, {"file": "three.png", "y": 388}]
    source = Table(path=write(folder / "list.csv", rows), columns={"path": "file", "label": "y"}, classes=space)
    images, _ = make_images(source, folder, 0)
    assert images["label"].to_list() == [388, 1]
    assert images["category"][0] == (imagenet_wnids()[388] if space == "imagenet" else "388")


def test_names_of_numbered_classes(folder):
    (folder / "names.txt").write_text("zebra\nantelope\n\n", encoding="utf-8")
    rows = [{"path": "two.png", "label": 1}, {"path": "three.png", "label": 0}]
    source = Table(path=write(folder / "list.csv", rows), names=folder / "names.txt")
    assert make_images(source, folder, 0)[0].select("label", "category").rows() == [(0, "zebra"), (1, "antelope")]
    rows[0]["label"] = 2
    with pytest.raises(ShiftscopeError, match="a label 2, and classes are numbered from 0 to 1"):
        make_images(Table(path=write(folder / "list.csv", rows), names=folder / "names.txt"), folder, 0)


def test_points(folder):
    points = [
        {"path": "two.png", "name": "left_eye", "x": 3.5, "y": 2},
        {"path": "two.png", "name": "right_eye", "x": 7, "y": 2.25},
        {"path": "strange.png", "name": "left_eye", "x": 7, "y": 2},
    ]
    rows = [{"path": "two.png"}]
    source = Table(path=write(folder / "list.csv", rows), points=write(folder / "points.csv", points))
    assert source.provides == {"pictures", "landmarks"}
    images, _ = make_images(source, folder, 0)
    found = make_landmarks(source, folder, images)
    assert found.schema == tables.LANDMARKS
    assert found.select("name", "x", "y", "image_width").rows() == [("left_eye", 3.5, 2, 10), ("right_eye", 7, 2.25, 10)]


@pytest.mark.parametrize("instance", ["left dog", "0.5"])
def test_objects_of_points_are_numbered_or_refused(folder, instance):
    points = [{"path": "two.png", "name": "left_eye", "x": 3, "y": 2, "instance": k} for k in ("0", "1.0", instance)]
    rows = [{"path": "two.png"}]
    source = Table(path=write(folder / "list.csv", rows), points=write(folder / "points.csv", points[:2]))
    assert source.landmarks(folder)["instance"].to_list() == [0, 1]
    write(folder / "points.csv", points)
    with pytest.raises(ShiftscopeError, match=r"points.csv has the instance .*two.png: number the objects"):
        source.landmarks(folder)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"pth": "two.png"}], "no column 'path'.*pth|unknown column 'path'"),
        ([{"path": "two.png", "label": "a"}, {"path": "two.png", "label": "b"}], "gives .*two.png two labels"),
        ([{"path": "two.png", "x_min": 1}], "has only x_min of a box's four edges"),
        ([{"path": "", "label": "a"}], "row 2 has no path"),
        ([{"path": "two.png", "label": -1}], "a label -1"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(folder, rows, message):
    source = Table(path=write(folder / "list.csv", rows))
    with pytest.raises(ShiftscopeError, match=message):
        source.listing(folder)


def test_a_list_that_is_not_there_or_no_table(folder):
    with pytest.raises(ShiftscopeError, match=r"the list .*no.csv does not exist"):
        Table(path=folder / "no.csv").check()
    (folder / "bad.parquet").write_bytes(b"not parquet")
    with pytest.raises(ShiftscopeError, match=r"bad.parquet cannot be read"):
        Table(path=folder / "bad.parquet").check()
