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


def boxed(*corners):
    names = ("x_min", "y_min", "x_max", "y_max")
    return [{"path": "two.png", **dict(zip(names, four, strict=True))} for four in corners]


@pytest.mark.parametrize("bad", [("one", 1, 3, 4), (1, None, 3, 4), (5, 1, 3, 4), (1, 6, 3, 4), (1, "inf", 3, 4)])
def test_what_is_no_box_is_counted_in_the_log(folder, bad, caplog):
    rows = boxed((1, 1, 3, 4), bad, (None, None, None, None), (2, 2, 2, 5), bad)
    source = Table(path=write(folder / "list.csv", rows))
    assert source.boxes(folder).select("x_min", "y_min", "x_max", "y_max").rows() == [(1, 1, 3, 4)]
    (line,) = caplog.messages  # of the row without a box and the one without an area nothing is said
    said = ", ".join("nothing" if cell is None else str(cell) for cell in bad)
    assert "list.csv: 2 rows have no boxes of four numbers" in line
    assert f"two.png: {said}; they are left out" in line.replace(".0", "")
    with pytest.raises(ShiftscopeError, match=r"list\.csv: 2 rows have no boxes .*; mend them, or write `unusable: skip`"):
        source.model_copy(update={"unusable": "refuse"}).boxes(folder)
    with pytest.raises(ShiftscopeError, match="1 rows have no boxes"):  # none is left
        Table(path=write(folder / "list.csv", boxed(bad))).boxes(folder)


def test_numbers_as_words_are_numbers(folder, caplog):
    rows = boxed((" 1", "1.0", "3e0", "4"), ("x", 1, 1, 1))
    assert Table(path=write(folder / "list.csv", rows)).boxes(folder)["x_max"].to_list() == [3]
    frame = pl.DataFrame(boxed((1.0, 1.0, 3.0, 4.0), (float("nan"),) * 4))  # how some tools write that there is none
    frame.write_parquet(folder / "list.parquet")
    caplog.clear()
    assert Table(path=folder / "list.parquet").boxes(folder).height == 1
    assert caplog.text == ""


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_true_and_false_are_no_edges(folder, ending):
    source = Table(path=write(folder / f"list.{ending}", boxed((False, 0, 3, 4), (True, 0, 3, 4))))
    with pytest.raises(ShiftscopeError, match=r"the column 'x_min' holds no numbers, but (Boolean|String)|2 rows have no"):
        source.boxes(folder)


def test_points_of_words_are_counted_in_the_log(folder, caplog):
    points = [
        {"path": "two.png", "name": "left_eye", "x": 3.5, "y": 2},
        {"path": "two.png", "name": "right_eye", "x": "seven", "y": 2.25},
        {"path": "two.png", "name": "nose", "x": None, "y": None},
    ]
    rows = [{"path": "two.png"}]
    source = Table(path=write(folder / "list.csv", rows), points=write(folder / "points.csv", points))
    assert source.landmarks(folder)["name"].to_list() == ["left_eye"]
    assert caplog.messages[0].endswith("1 rows have no points of two numbers, such as one of two.png: seven, 2.25; they are left out")  # fmt: skip


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
