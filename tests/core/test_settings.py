"""No line of a config is dropped without a word."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.settings import read_settings

ROOT = Path(__file__).parents[2]


def write(folder, text, name="c.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("seed: 1\nshards: 2\nseed: 3\n", ["the key 'seed' is given in line 1 and again in line 3"]),
        (
            "networks:\n  a: {kind: timm}\n  b: {kind: timm, kind: hub}\n  a: {}\n",
            [
                "the key 'networks.b.kind' is given in line 3 and again in line 3",
                "the key 'networks.a' is given in line 2 and again in line 4",
            ],
        ),
        ("list:\n- x: 1\n- y: 1\n  y: 2\n", ["the key 'list.y' is given in line 3 and again in line 4"]),
        ("yes: 1\ntrue: 2\n", ["the key 'true' is given in line 1 and again in line 2"]),  # one key in YAML 1.1
        ("a: &a {x: 1, x: 2}\nb: *a\n", ["the key 'a.x' is given in line 1 and again in line 1"]),
        ('{"seed": 1,\n "shards": 2,\n "seed": 3}', ["the key 'seed' is given in line 1 and again in line 3"]),
        ('{"a":\n\t{"seed": 1, "seed": 3}}', ["the key 'seed' is given twice"]),  # a tab: JSON and no YAML
    ],
)
def test_a_key_that_is_given_twice_is_refused(text, sentences, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(ShiftscopeError) as error:
        read_settings(path)
    assert str(error.value).splitlines() == [
        f"{path}: {line}; only the last would count, so remove one" for line in sentences
    ]
    with pytest.raises(ShiftscopeError, match="only the last would count"):
        Config.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "small: &small {x: 1, y: 2}\na:\n  <<: *small\n  x: 3\nb:\n  x: 4\n  <<: *small\nc: {<<: *small}\n",
        "one: &one {x: 1}\ntwo: &two\n  <<: *one\n  x: 2\na: {<<: *two, x: 5}\nb: {<<: [*one, *two]}\nc: *two\n",
        "1: a\n'1': b\n? [1, 2]\n: c\n",
        "",
        "- 1\n- {a: 1}\n",
    ],
)
def test_merges_and_keys_that_only_look_alike_are_read_as_ever(text, tmp_path):
    if "? [" in text:
        text = text.partition("?")[0]
    assert read_settings(write(tmp_path, text)) == yaml.safe_load(text)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_ready_configs_are_read_as_pyyaml_reads_them(path):
    assert read_settings(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", min_codepoint=32), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abxyz01", max_size=2), inner, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
def test_what_is_written_once_is_read(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("settings")
    for text in (yaml.safe_dump(value), json.dumps(value), json.dumps(value, indent="\t")):
        assert read_settings(write(folder, text)) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a: [1", "cannot be read"),
        (b"\xff\xfe\xfa", "cannot be read"),
        (b"2026-13-45: x", "cannot be read"),
        (b"[" * 3000, "cannot be read"),
    ],
)
def test_a_file_that_is_no_yaml(text, words, tmp_path):
    (tmp_path / "c.yaml").write_bytes(text)
    with pytest.raises(ShiftscopeError, match=rf"c\.yaml {words}"):
        read_settings(tmp_path / "c.yaml")
    with pytest.raises(ShiftscopeError, match=r"none\.yaml cannot be read"):
        read_settings(tmp_path / "none.yaml")
