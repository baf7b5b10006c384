"""Open Images' table where it is not as expected; what it says where it is stands in test_shares.py."""

import logging

import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.sources.openimages import OpenImages

HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"


def row(image_id, label="/m/1", corners="0.1,0.5,0,1", flags="0,1,0,0,0"):
    return f"{image_id},xclick,{label},1,{corners},{flags}"


@pytest.fixture
def write(tmp_path):
    def put(*rows, names=None, **options):
        (tmp_path / "boxes.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        if names is not None:
            (tmp_path / "names.csv").write_text(names, encoding="utf-8")
            options["names"] = tmp_path / "names.csv"
        return OpenImages(path=tmp_path / "boxes.csv", **options)

    return put


@pytest.mark.parametrize("ids", [["0001", "0002"], ["1e5", "0002"], ["0001"] * 200 + ["00ab"]])
def test_ids_of_digits_stay_as_they_are(write, tmp_path, ids):
    source = write(*map(row, ids))
    assert source.boxes(tmp_path)["image_id"].to_list() == ids
    assert source.listing(tmp_path).pictures["image_id"].to_list() == sorted(set(ids))


def test_flags_are_whole_or_not_and_may_be_unknown(write, tmp_path):
    flags = ["0,1,0,0,0"] * 150 + ["0,1.0,0.0,0,0", "-1,-1,-1,-1,-1", "0,,1,0,0"]
    boxes = write(*(row(f"{k:03}", flags=flag) for k, flag in enumerate(flags))).boxes(tmp_path)
    assert boxes.select("is_truncated", "is_crowd").rows()[149:] == [(True, False)] * 2 + [(None, None), (None, True)]


def test_a_name_given_twice_doubles_no_box(write, tmp_path):
    source = write(row("a"), row("b", "/m/2"), names="LabelName,DisplayName\n/m/1,Cat ö\n/m/1,Dog\n")
    source.check()
    assert source.boxes(tmp_path)["category"].to_list() == ["Cat ö", "/m/2"]


BAD = [row("b", corners="0.1,,0,1"), row("", "/m/1"), row("c", corners="10,300,20,40"), row("d", corners="0.1,NaN,0,1")]
BAD += [row("e", corners="NaN,0.5,0,1"), row("f", corners="0.5,0.1,0,1"), row("g", corners="0.1,0.5,1,0.2")]


@pytest.mark.parametrize("bad", BAD)
def test_rows_that_are_no_boxes(write, tmp_path, bad, caplog):
    lines = [row("a"), bad, row("flat", corners="0.5,0.5,0,1"), row("edge", corners="0,1.0004,0,1")]
    with caplog.at_level(logging.WARNING):
        assert write(*lines).boxes(tmp_path)["image_id"].to_list() == ["a", "edge"]
    assert "1 rows are no boxes" in caplog.text
    for source in (write(*lines, unusable="refuse"), write(bad)):
        with pytest.raises(ShiftscopeError, match=r"boxes\.csv: 1 rows are no boxes .*unusable: skip"):
            source.boxes(tmp_path)


@pytest.mark.parametrize("rows", [[row("a", corners="x,0.5,0,1")], [row("a", flags="0,perhaps,0,0,0")]])
def test_words_where_numbers_belong(write, tmp_path, rows):
    with pytest.raises(ShiftscopeError, match=r"boxes\.csv cannot be read as a table") as caught:
        write(*rows).listing(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", ["", "/m/1\n"])
def test_names_that_are_no_table_of_two_columns(write, names):
    with pytest.raises(ShiftscopeError, match=r"names\.csv cannot be read as a table"):
        write(row("a"), names=names).check()


def test_empty_tables(write, tmp_path):
    with pytest.raises(ShiftscopeError, match="has no rows"):
        write().listing(tmp_path)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ShiftscopeError, match=r"empty\.csv cannot be read as a table"):
        OpenImages(path=tmp_path / "empty.csv").check()
