"""Lists of pictures: what a plain reading of the file says, whatever its columns are called."""

import csv

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import imagenet_wnids
from shiftscope.sources.table import Table
from shiftscope.stages.annotations import make_boxes, make_landmarks
from shiftscope.stages.images import make_images

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


@pytest.mark.parametrize(
    "kind", ["csv of floats", "parquet of floats", "parquet of NaN", "parquet of texts", "parquet of decimals"]
)
def test_numbers_that_were_made_floats_are_still_indices(folder, kind):
    """As pandas writes whole numbers when one is missing: sorted as text, 10.0 would be class 2."""
    labels = [*map(float, range(11)), None]
    column = {
        "parquet of NaN": pl.Series([label if label is not None else float("nan") for label in labels]),
        "parquet of texts": pl.Series([None if label is None else str(label) for label in labels]),
        "parquet of decimals": pl.Series(labels).cast(pl.Decimal(6, 2)),
    }.get(kind, pl.Series(labels))
    table = pl.DataFrame({"path": [f"{k}.png" for k in range(12)], "label": column})
    path = folder / f"list.{kind.split()[0]}"
    table.write_csv(path) if path.suffix == ".csv" else table.write_parquet(path)
    if path.suffix == ".csv":
        assert "\n10.png,10.0\n" in path.read_text()
    for k in range(12):
        Image.new("RGB", (10, 7)).save(folder / f"{k}.png")
    images, _ = make_images(Table(path=path), folder, 0)
    assert dict(images.select("image_id", "label").rows()) == {**{str(k): k for k in range(11)}, "11": None}
    assert images["category"].drop_nulls().n_unique() == 11


def test_numbers_and_names_in_one_column_are_refused(folder):
    rows = [{"path": "two.png", "label": "3.0"}, {"path": "three.png", "label": "cat"}]
    with pytest.raises(
        ShiftscopeError, match=r"list\.csv: some labels are numbers, such as 3, and some are names, such as 'cat'"
    ):
        Table(path=write(folder / "list.csv", rows)).listing(folder)


def test_columns_that_swap_names(folder):
    """A column called `label` that is not the one of labels plays no part."""
    rows = [{"path": "two.png", "label": "of no use", "y": "a"}, {"path": "three.png", "label": "x", "y": "b"}]
    source = Table(path=write(folder / "list.csv", rows), columns={"label": "y", "category": "label"})
    assert make_images(source, folder, 0)[0]["category"].to_list() == ["b", "a"]
    source = Table(path=write(folder / "list.csv", rows), columns={"label": "none"})
    assert make_images(source, folder, 0)[0]["category"].to_list() == [None, None]


def test_two_files_of_one_name_are_two_pictures(folder):
    Image.new("RGB", (5, 5)).save(folder / "two.jpg")
    source = Table(path=write(folder / "list.csv", [{"path": "two.png"}, {"path": "two.jpg"}]))
    with pytest.raises(ShiftscopeError, match=r"two\.jpg and .*two\.png would both be called two; rename or remove one"):
        make_images(source, folder, 0)


def test_one_file_written_in_several_ways_is_one_picture(folder, caplog):
    edges = dict(zip(("x_min", "y_min", "x_max", "y_max"), (1, 1, 3, 3), strict=True))
    spelt = ["two.png", "./two.png", str(folder / "two.png"), "a b//ü 1.png"]
    source = Table(
        path=write(folder / "list.csv", [{"path": name, **edges} for name in spelt]),
        points=write(folder / "points.csv", [{"path": "./two.png", "name": "eye", "x": 1, "y": 1}]),
    )
    images, _ = make_images(source, folder, 0)
    assert images["image_id"].to_list() == ["a b/ü 1", "two"]
    assert [record.message for record in caplog.records] == [
        f"{folder / 'list.csv'} names 1 pictures more than once, such as {folder / 'two.png'} in 3 rows; each counts once"
    ]
    assert make_boxes(source, folder, images)["image_id"].to_list() == ["a b/ü 1", "two", "two", "two"]
    assert make_landmarks(source, folder, images)["image_id"].to_list() == ["two"]
    caplog.clear()
    source = Table(path=write(folder / "list.csv", [{"path": "two.png"}, {"path": "two.png"}, {"path": "three.png"}]))
    assert make_images(source, folder, 0)[0].height == 2
    assert "names 1 pictures more than once" in caplog.text  # with no boxes, a second row says nothing new


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


def test_bytes_that_are_no_text_are_refused(folder):
    """As in a Parquet file that was damaged within a name."""
    names, starts = pa.py_buffer(b"two.png\xff\xfe"), pa.py_buffer(np.array([0, 7, 9], np.int32).tobytes())
    column = pa.Array.from_buffers(pa.string(), 2, [None, starts, names])
    pq.write_table(pa.table({"path": column}), folder / "list.parquet")
    with pytest.raises(ShiftscopeError, match=r"list.parquet cannot be read: .*Invalid UTF8"):
        Table(path=folder / "list.parquet").listing(folder)


@pytest.mark.parametrize("instance", ["left dog", "0.5"])
def test_objects_of_points_are_numbered_or_refused(folder, instance):
    points = [{"path": "two.png", "name": "left_eye", "x": 3, "y": 2, "instance": k} for k in ("0", "1.0", instance)]
    rows = [{"path": "two.png"}]
    source = Table(path=write(folder / "list.csv", rows), points=write(folder / "points.csv", points[:2]))
    assert source.landmarks(folder)["instance"].to_list() == [0, 1]
    write(folder / "points.csv", points)
    with pytest.raises(ShiftscopeError, match=r"points.csv has the instance .*two.png: number the objects"):
        source.landmarks(folder)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("said", [[1, 0, None], [1.0, 0.0, None], [True, False, None], ["True", " FALSE ", ""]])
def test_points_can_be_seen_or_are_hidden(folder, said, ending):
    points = [{"path": "two.png", "name": f"p{k}", "x": 3, "y": 2, "visible": flag} for k, flag in enumerate(said)]
    rows = [{"path": "two.png"}]
    source = Table(path=write(folder / "list.csv", rows), points=write(folder / f"points.{ending}", points))
    assert source.landmarks(folder)["visible"].to_list() == [True, False, None]


@pytest.mark.parametrize("word", ["visible", "yes", 2, 0.5])
def test_what_says_neither_is_refused(folder, word):
    points = [{"path": "two.png", "name": "eye", "x": 3, "y": 2, "visible": flag} for flag in (1, word)]
    source = Table(path=write(folder / "list.csv", [{"path": "two.png"}]), points=write(folder / "points.csv", points))
    with pytest.raises(ShiftscopeError, match=rf"points.csv has the visible '?{word}'? for two.png: write 1 for a point"):
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


SIZED = [
    {"path": "one.png", "label": "cat", "x_min": 1, "y_min": 0, "x_max": 4, "y_max": 6, "width": 10, "height": 7},
    {"path": "one.png", "label": "cat", "x_min": 9, "y_min": 0, "x_max": 11, "y_max": 6, "width": 10, "height": 7},
    {
        "path": "two.png",
        "label": "ant",
        "x_min": None,
        "y_min": None,
        "x_max": None,
        "y_max": None,
        "width": 5,
        "height": 5,
    },
]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_list_of_boxes_without_pictures(tmp_path, ending):
    source = Table(path=write(tmp_path / f"list.{ending}", SIZED), pictures="none")
    assert source.provides == {"labels", "boxes"}
    images, skipped = make_images(source, tmp_path, 0)
    assert skipped.is_empty()
    found = images.select("image_id", "path", "label", "width", "height").rows()
    assert found == [("one", None, 1, 10, 7), ("two", None, 0, 5, 5)]
    boxes = make_boxes(source, tmp_path, images)  # the second is cut off at the edge
    assert boxes.select("x_min", "x_max", "image_width", "image_height").rows() == [(1, 4, 10, 7), (9, 10, 10, 7)]
    assert Table(path=source.path).provides == {"pictures", "labels", "boxes"}
    with pytest.raises(ShiftscopeError, match=r"one\.png does not exist"):  # as before, a list is one of files
        make_images(Table(path=source.path), tmp_path, 0)


def test_sizes_of_pictures_that_are_not_here_are_whole_and_one(tmp_path):
    def listed(**sizes):
        rows = [SIZED[0], {**SIZED[1], **sizes}]
        return Table(path=write(tmp_path / "list.csv", rows), pictures="none").listing(tmp_path)

    for size in (0, 7.5, "", "wide"):
        with pytest.raises(ShiftscopeError, match=r"gives one\.png no width and height in whole pixels"):
            listed(width=size)
    with pytest.raises(ShiftscopeError, match=r"gives one\.png two sizes"):
        listed(height=8)
    with pytest.raises(ShiftscopeError, match="unknown column 'height'"):
        Table(path=write(tmp_path / "list.csv", boxed((1, 1, 2, 2))), pictures="none").check()
    renamed = [{**row, "w": row["width"]} for row in SIZED]
    for row in renamed:
        del row["width"]
    source = Table(path=write(tmp_path / "list.csv", renamed), pictures="none", columns={"width": "w"})
    assert source.listing(tmp_path).pictures["width"].to_list() == [10, 5]
