"""Rows are chosen and sorted by classes and numbers that the style sheet goes by."""

from shiftscope.report.anchors import Anchors
from shiftscope.report.table import MOST_OPTIONS, MOST_ROWS, Choice, Line, Number, Shown, heads


def shown(count, **more):
    lines = [Line([f"n{k}", "", Number(str(k))], (f"p{k % 3}",), (-k, None)) for k in range(count)]
    settings = {"choices": [Choice("protocol", ["p0", "p1", "p2"], "p1")], "sorts": ["largest", "never"]}
    return Shown("t", "c", heads("a", "b", "c|px"), lines, **(settings | more))


def test_rows_know_what_they_are_chosen_and_sorted_by():
    table = shown(4)
    assert [(classes, order) for _, classes, order in table.rows] == [
        ("a0", "--s0:3;--s1:0"), ("a1", "--s0:2;--s1:1"), ("a2", "--s0:1;--s1:2"), ("a0", "--s0:0;--s1:3"),
    ]  # fmt: skip
    assert table.ways == [(0, "largest")]  # nothing has a key of the other one
    assert [letter for letter, _ in table.usable] == ["a"]


def test_a_column_without_a_value_is_left_out():
    assert shown(2).heads == [("a", ""), ("c", "px")]
    assert [cells for cells, _, _ in shown(1).rows] == [["n0", Number("0")]]
    assert len(shown(0).heads) == 3  # a table without rows still says what it would have


def test_too_many_options_are_not_offered():
    many = [f"p{k}" for k in range(MOST_OPTIONS + 1)]
    assert not shown(4, choices=[Choice("protocol", many)]).usable
    assert {classes for _, classes, _ in shown(4, choices=[Choice("protocol", many)]).rows} == {""}
    assert not shown(4, choices=[Choice("protocol", ["p0"])]).usable


def test_of_many_rows_the_first_are_shown():
    table = shown(MOST_ROWS + 7)
    assert (len(table.rows), table.n_shown, table.n_rows) == (MOST_ROWS, MOST_ROWS, MOST_ROWS + 7)
    assert (shown(3, total=9).n_shown, shown(3, total=9).n_rows) == (3, 9)


def test_every_place_has_an_id_of_its_own():
    anchors = Anchors()
    names = ["crop", "Crop", "crop!", "{crop}", "<b>", "ü", "", "crop-2"]
    ids = [anchors.of("change", name) for name in names]
    assert len(set(ids)) == len(names)
    assert ids == [anchors.of("change", name) for name in names]
    assert anchors.of("change") == anchors.of("change", "")
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in ids)
