"""Changes of what is right: bytes that are cut, doubled or replaced, and values that are swapped for odd ones."""

import copy
from typing import Any

from hypothesis import strategies as st

ODD_BYTES = [
    b"\0", b"\xff\xfe", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\n", b"\r\n", b'"', b",", b"{", b"[", b"]" * 3, b"-1", b"1e999", b"NaN",
    b"9" * 30, b"../", b"\\u0000", b"\\ud800", b"{x}", b"<!DOCTYPE a>", b" ", b"null", b"true",
]  # fmt: skip
ODD = [
    None, True, False, "", " ", ".", "/", "..", "../../x", "/etc/passwd", "x" * 256, "a\0", "\ud800", "{x}", "<script>", "*", "0..3000000000",
    "-1..1", "1e999", "é", 0, -1, 1, 2**31, 2**63, 10**30, -(10**400), 1.5, -0.0, 1e-300, 1e308, float("inf"), float("nan"), [], {}, [[]],
    [None], {"": 0}, {"kind": "x"}, [1, 2, 3, 4], ["a", "a"],
]  # fmt: skip
MOST = 5
"""Changes of one example, at most: each of them may be hidden by another one."""


@st.composite
def bytes_of(draw: st.DrawFn, whole: bytes, part: tuple[int, int] | None = None) -> bytes:
    """`whole` with a few changes; only between two places where `part` says so."""
    first, last = part or (0, len(whole))
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, MOST))):
        last = min(last, len(data))
        place = draw(st.integers(first, max(first, last)))
        length = draw(st.one_of(st.integers(1, 4), st.integers(1, max(1, len(data)))))
        match draw(st.sampled_from(["bit", "byte", "odd", "insert", "delete", "double", "cut"])):
            case "bit" if place < len(data):
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "byte" if place < len(data):
                data[place] = draw(st.integers(0, 255))
            case "odd":
                odd = draw(st.sampled_from(ODD_BYTES))
                data[place : place + len(odd)] = odd
            case "insert":
                data[place:place] = draw(st.one_of(st.sampled_from(ODD_BYTES), st.binary(min_size=1, max_size=8)))
            case "delete":
                del data[place : place + length]
            case "double":
                data[place:place] = data[place : place + length]
            case "cut" if not part:
                del data[place:]
    return bytes(data)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys that lead to each value inside a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, part in pairs for way in ((*above, key), *places(part, (*above, key)))]


@st.composite
def values_of(draw: st.DrawFn, whole: Any) -> Any:
    """`whole`, of mappings, lists, texts and numbers, with a few values that are others, gone, or in another place."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, MOST))):
        found = places(value)
        if not found:
            break
        *way, last = draw(st.sampled_from(found))
        inside = value
        for key in way:
            inside = inside[key]
        match draw(st.sampled_from(["odd", "odd", "delete", "swap", "key", "wrap", "text"])):
            case "odd":
                inside[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "delete":
                del inside[last]
            case "swap":
                *other_way, other = draw(st.sampled_from(found))
                there: Any = value
                for key in other_way:
                    there = there[key]
                inside[last] = copy.deepcopy(there[other])
            case "key" if isinstance(inside, dict):
                key = draw(st.one_of(st.sampled_from(["", "kind", "\0", "{x}", "\ud800", 3, None]), st.text(max_size=5)))
                inside[key] = inside.pop(last)
            case "wrap":
                inside[last] = [inside[last]]
            case _:
                inside[last] = draw(st.text(max_size=8))
    return value
