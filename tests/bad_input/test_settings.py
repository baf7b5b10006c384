"""What no file of settings can hold is refused before anything looks at its keys."""

import datetime

import pytest
import yaml

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown, unknown
from shiftscope.core.settings import read_settings
from shiftscope.core.values import check_extent, faults, inside, path_fault, text_fault


def bomb(first, each):
    """Nine anchors, each of nine aliases of the one before: 9⁹ values."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{k}: &a{k} {each(', '.join([f'*a{k - 1}'] * 9))}" for k in range(1, 10)]
    return "\n".join(lines) + "\n"


BOMBS = {
    "lists": bomb("[x, x]", lambda parts: f"[{parts}]"),
    "merges": bomb("{x: 1}", lambda parts: f"{{<<: [{parts}]}}"),
    "mappings": bomb("{x: 1}", lambda parts: "{" + ", ".join(f"k{k}: {part}" for k, part in enumerate(parts.split(", "))) + "}"),
}  # fmt: skip


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_aliases_that_stand_for_endless_values_are_not_followed(text, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ShiftscopeError, match=r"c\.yaml cannot be read: its aliases stand for more than 1,000,000 values"):
        read_settings(tmp_path / "c.yaml")


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: [{c: *a}]}", "a: &a {b: 1, <<: *a}"])
def test_a_value_that_is_a_part_of_itself(text, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ShiftscopeError, match="a value is a part of itself"):
        read_settings(tmp_path / "c.yaml")


@pytest.mark.parametrize("depth", [limits.DEPTH + 1, 900, 5_000, 200_000])
def test_values_that_are_nested_too_deeply(depth, tmp_path):
    for text in ("[" * depth + "]" * depth, '{"a": ' + "[" * depth + "]" * depth + "}", "a: " + "[" * depth):
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(
            ShiftscopeError, match=r"cannot be read: (lists and mappings are nested more than 100 deep|while)"
        ):
            read_settings(tmp_path / "c.yaml")


def test_aliases_and_depth_that_anybody_may_use_are_followed(tmp_path):
    text = "a: &a [1, 2]\nb: &b [*a, *a]\nc: {x: *b, y: *b, z: *a}\n" + "d: " + "[" * 90 + "]" * 90
    (tmp_path / "c.yaml").write_text(text)
    assert read_settings(tmp_path / "c.yaml") == yaml.safe_load(text)


def test_depth_counts_through_an_alias_that_was_seen_before():
    ten = whole = 0
    for k in range(95):
        whole = [whole]
        ten = ten if k > 9 else [ten]
    check_extent([ten, whole], inside)
    deep = ten
    for _ in range(95):
        deep = [deep]
    with pytest.raises(ShiftscopeError, match="more than 100 deep"):
        check_extent([ten, deep], inside)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"#" * (limits.FILE_BYTES + 1))
    with pytest.raises(ShiftscopeError, match="it has more than 1,000,000 bytes, so it is no file of settings"):
        read_settings(tmp_path / "c.yaml")


def test_a_message_about_a_file_is_not_as_long_as_the_file(tmp_path):
    (tmp_path / "c.yaml").write_text("a: !" + "x" * 100_000)
    with pytest.raises(ShiftscopeError) as error:
        read_settings(tmp_path / "c.yaml")
    assert len(str(error.value)) < 1_000


@pytest.mark.parametrize("text", ["a: " + "9" * 6_000, '{"a": -' + "9" * 6_000 + "}"])
def test_a_whole_number_that_python_does_not_read(text, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ShiftscopeError, match=r"c\.yaml cannot be read: a whole number has thousands of digits$"):
        read_settings(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": [1, {"b": "x\0"}]}, r"a.1.b: got 'x\x00'; a text cannot have the character NUL"),
        ({"a": "\ud800"}, r"a: got '\ud800'; it has half of a character"),
        ({"a\0": 1}, r"a key: got 'a\x00'; a text cannot"),
        ({"a": {"b\ud800": 1}}, r"a: got 'b\ud800'; it has half"),
        ({"a": 10**400}, "a: got a whole number of about 401 digits; no setting has more than 18"),
        ({"a": -(16**5_000)}, "a: got a whole number of about 6,021 digits"),
        ({"a": datetime.date(2026, 1, 1)}, "a: got datetime.date(2026, 1, 1); write text (in quotation marks)"),
        ({"a": b"x"}, "a: got b'x'; write text"),
        ({"a": "x" * (limits.TEXT + 1)}, "a text has at most 100,000 characters"),
    ],
)
def test_what_no_setting_can_be(value, sentence):
    (found,) = faults(value)
    assert sentence in found
    assert len(found) < 400


def test_what_a_setting_can_be():
    assert not list(faults({"a": [1, -1.5, None, True, "ü 😀 \n"], 3: {"b": limits.SEED}}))
    assert not text_fault("C:\\x \t é")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "a path is needed"),
        ("  ", "a path is needed"),
        ("a/" + "x" * 256, "the name of a file or folder has at most 255 bytes"),
        ("a/" + "ü" * 128, "the name of a file or folder has at most 255 bytes"),
        ("/".join(["x" * 200] * 21), "a path has at most 4,000 bytes"),
        ("a\0", "NUL"),
        ("a\udcff", "half of a character"),
        ("{x}/a", "Snakemake takes '{x}' for a wildcard"),
        ("a/b{ dataset , .+ }c", "for a wildcard"),
        ("a/<logs>", "Snakemake takes '<logs>' for a path variable"),
    ],
)
def test_what_no_path_can_be(path, words):
    assert words in path_fault(path)


@pytest.mark.parametrize(
    "path",
    [".", "/", "a b", "{}", "{a b}", "a{", "}x{", "ü" * 127, "../x", "*", "[1]", "x\ny", "<>", "<A>", "a<b", "<a b>"],
)
def test_what_a_path_can_be(path):
    assert not path_fault(path)


def test_long_names_are_shortened_and_not_compared():
    assert len(unknown("key", "x" * 100_000, ["a", "b"])) < 200
    assert shown(["x" * 1000] * 1000).count("x") < 700
