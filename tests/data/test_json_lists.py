"""Lists of a JSON file entry by entry, with Python's own reader as the referee."""

import json
import random

import pytest

from shiftscope.data import json_lists
from shiftscope.data.json_lists import read_lists


def drawn(rng, depth=0):
    """Any JSON value, with the characters and numbers that are easily cut in two."""
    kind = rng.choice(["number", "word", "text", "list", "object"] if depth < 3 else ["number", "word", "text"])
    if kind == "number":
        return rng.choice([0, -1, 12, 1.5, -2e-7, 1e300, 10**30, float("inf"), -float("inf")])
    if kind == "word":
        return rng.choice([True, False, None])
    if kind == "text":
        return "".join(rng.choice('a"\\/\n\u00e9\u20ac\U0001f600[]{},:') for _ in range(rng.randrange(6)))
    if kind == "list":
        return [drawn(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {f"k{k}": drawn(rng, depth + 1) for k in range(rng.randrange(4))}


def text_of(value, rng):
    space = rng.choice(["", " ", "\n", " \t\r\n "])
    return space + json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=("," + space, space + ":")) + space


def read(path):
    """The lists, as `json.load` would have them."""
    found = {f"k{k}": [] for k in range(9)}
    keys = read_lists(path, {key: entries.append for key, entries in found.items()})
    return {key: found[key] for key in keys if key in found}


@pytest.mark.parametrize("characters", [1, 2, 7, 1000])
def test_entries_are_those_of_pythons_reader(characters, tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "CHARACTERS_AT_A_TIME", characters)
    rng = random.Random(characters)
    path = tmp_path / "a.json"
    several = 0
    for _ in range(200):
        whole = {f"k{k}": drawn(rng) for k in range(rng.randrange(9))}
        path.write_text(text_of(whole, rng), encoding="utf-8")
        expected = {key: value for key, value in whole.items() if isinstance(value, list)}
        assert read(path) == expected
        several += sum(map(len, expected.values())) > 3
    assert several > 10


@pytest.mark.parametrize("characters", [1, 5, 1000])
def test_what_python_refuses_is_refused(characters, tmp_path, monkeypatch):
    """Texts with one character removed, doubled or cut off from there."""
    monkeypatch.setattr(json_lists, "CHARACTERS_AT_A_TIME", characters)
    rng = random.Random(characters)
    path = tmp_path / "a.json"
    refused = accepted = 0
    for _ in range(300):
        text = text_of({"k0": [drawn(rng), drawn(rng)], "k1": drawn(rng)}, rng)
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice(["", text[place] * 2 + text[place + 1 :], text[place + 1 :]])
        path.write_text(text, encoding="utf-8")
        try:
            whole = json.loads(text)
        except ValueError:
            refused += 1
            with pytest.raises(ValueError, match="at character"):
                read(path)
        else:
            accepted += 1
            assert read(path) == {key: whole[key] for key in ("k0", "k1") if isinstance(whole.get(key), list)}
    assert refused > 50
    assert accepted > 20


def test_one_entry_is_in_memory_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "CHARACTERS_AT_A_TIME", 1000)
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"other": [1] * 1000, "entries": [{"number": k, "more": "x" * 50} for k in range(1000)]}))
    largest = 0

    def watch(text, _more=json_lists._Text.more):
        nonlocal largest
        found = _more(text)
        largest = max(largest, len(text.text))
        return found

    monkeypatch.setattr(json_lists._Text, "more", watch)
    numbers = []
    assert read_lists(path, {"entries": lambda entry: numbers.append(entry["number"])}) == {"other", "entries"}
    assert numbers == list(range(1000))
    assert 1000 <= largest < 1200


def test_a_list_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1], "b": 2, "a": [3]}')
    with pytest.raises(ValueError, match="'a' is there twice"):
        read_lists(tmp_path / "a.json", {})


def test_a_file_that_is_no_object_has_no_lists(tmp_path):
    for text in ("[[1], [2]]", "1", '"a"'):
        (tmp_path / "a.json").write_text(text)
        assert read_lists(tmp_path / "a.json", {}) == set()
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(RecursionError):
        read_lists(tmp_path / "a.json", {})
