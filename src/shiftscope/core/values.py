"""What a file of settings may hold, whatever its keys are: neither endless values nor texts that no file can be called."""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown


def check_extent(whole: Any, inner: Callable[[Any], Iterable[Any]]) -> None:
    """Raise ShiftscopeError where a value goes round in a circle, is nested too deeply, or stands for too many values.

    A few lines of YAML can do all three: an alias (`*small`) stands for what its anchor (`&small`) holds, aliases included.

    Parameters
    ----------
    whole : the value.
    inner : the values inside a value, none for a number or a text. What is referred to in several places is one object.
    """
    found: dict[int, tuple[int, int] | None] = {}

    def extent(value: Any, above: int) -> tuple[int, int]:
        """How many values it stands for, and how deeply these are nested."""
        if id(value) in found:
            known = found[id(value)]
            if known is None:
                raise ShiftscopeError("a value is a part of itself: an alias (*name) stands inside its own anchor (&name)")
        else:
            found[id(value)] = None
            _check_depth(above + 1)
            parts = [extent(part, above + 1) for part in inner(value)]
            known = 1 + sum(count for count, _ in parts), 1 + max((depth for _, depth in parts), default=0)
            found[id(value)] = known
        _check_depth(above + known[1])
        if known[0] > limits.VALUES:
            raise ShiftscopeError(f"its aliases stand for more than {limits.VALUES:,} values; write what is meant")
        return known

    extent(whole, 0)


def _check_depth(depth: int) -> None:
    if depth > limits.DEPTH:
        raise ShiftscopeError(f"lists and mappings are nested more than {limits.DEPTH} deep")


def inside(value: Any) -> Iterable[Any]:
    """The values inside a mapping or a list; none inside anything else."""
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def faults(value: Any, where: str = "") -> Iterator[str]:
    """A sentence for each text, number or date in `value` that no setting can be. `where` is the key above.

    `check_extent` must have found `value` to be finite.

    >>> list(faults({"protocols": {"crop": {"note": "a\\0b"}}}))
    ["protocols.crop.note: got 'a\\\\x00b'; a text cannot have the character NUL"]
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            named = [f"{where or 'a key'}: {said}" for said in _faults_of_one(key)]
            yield from named or faults(part, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from faults(part, f"{where}.{place}")
    else:
        yield from (f"{where or 'the whole'}: {said}" for said in _faults_of_one(value))


def _faults_of_one(value: object) -> list[str]:
    if isinstance(value, str):
        why = text_fault(value)
    elif isinstance(value, int) and abs(value) > limits.SEED:
        digits = int(value.bit_length() * math.log10(2)) + 1
        return [f"got a whole number of about {digits:,} digits; no setting has more than {len(str(limits.SEED)) - 1}"]
    elif isinstance(value, datetime.date | bytes | set | frozenset):
        why = "write text (in quotation marks), a number, a list or a mapping"
    else:
        return []
    return [f"got {shown(value)}; {why}"] if why else []


WILDCARD = re.compile(r"\{\s*[.\w]+\s*(,[^{}]*)?\}")
"""What Snakemake takes for a wildcard in the name of a file, as far as it matters here."""
PATHVAR = re.compile(r"<[a-z][a-z0-9_]*>")
"""What it takes for one of its path variables: it would read `<results>` as the folder `results`."""


def path_fault(path: str) -> str:
    """Why `path` can be no path of a file that the workflow reads or writes; empty where it can.

    >>> path_fault("pictures/{x}")
    "Snakemake takes '{x}' for a wildcard, and cannot be told that it is a name; rename it"
    >>> path_fault(""), path_fault("pictures/{}")
    ('a path is needed', '')
    """
    if fault := text_fault(path):
        return fault
    if not path.strip():
        return "a path is needed"
    if len(path.encode()) > limits.PATH_BYTES:
        return f"a path has at most {limits.PATH_BYTES:,} bytes"
    if max(len(part.encode()) for part in path.split("/")) > limits.NAME_BYTES:
        return f"the name of a file or folder has at most {limits.NAME_BYTES} bytes"
    for pattern, what in ((WILDCARD, "a wildcard"), (PATHVAR, "a path variable")):
        if found := pattern.search(path):
            return f"Snakemake takes {found[0]!r} for {what}, and cannot be told that it is a name; rename it"
    return ""


def text_fault(text: str) -> str:
    """Why `text` can be no setting, and no name of a file; empty where it can.

    >>> text_fault("a\\0"), text_fault("\\ud800"), text_fault("ü")
    ('a text cannot have the character NUL', 'it has half of a character (a lone surrogate), which no file can hold', '')
    """
    if "\0" in text:
        return "a text cannot have the character NUL"
    if len(text) > limits.TEXT:
        return f"a text has at most {limits.TEXT:,} characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it has half of a character (a lone surrogate), which no file can hold"
    return ""
