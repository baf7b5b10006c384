"""The one error that is meant for the user's eyes."""

from collections.abc import Iterable
from difflib import get_close_matches
from reprlib import Repr


class ShiftscopeError(ValueError):
    """A user's mistake. The message is one sentence: what was found, where, and what to do about it.

    Scripts and the command line print it without a traceback and exit with a code other than 0. Anything else that is
    raised is a fault of shiftscope's own and keeps its traceback.
    """


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100
_SHORT.maxlevel = 4


def shown(value: object) -> str:
    """A value as a message shows it: as Python writes it, and shortened where that is long.

    >>> shown("0..8"), len(shown("9" * 6000)), shown(list(range(100)))
    ("'0..8'", 100, '[0, 1, 2, 3, 4, 5, ...]')
    """
    return _SHORT.repr(value)


def reason(error: BaseException) -> str:
    """Why a library gave up, in the words of its error: the first line, up to the first end of a sentence, and shortened.

    The name of the error where it has no words, as one that is a bare number.

    >>> reason(RuntimeError("it is no archive. This may be a bug.")), reason(KeyError(101)), reason(EOFError())
    ('it is no archive', 'KeyError', 'EOFError')
    """
    if "set_int_max_str_digits" in str(error):  # Python would have the user set a limit of its own
        return "a whole number has thousands of digits"
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "").partition(". ")[0]
    return line[:LONGEST_REASON] if any(map(str.isalpha, line)) else type(error).__name__


LONGEST_REASON = 300
"""Characters of what a library says."""
LONGEST_NAME = 200
"""Characters of a name for which others that are spelt alike are looked for."""
MOST_NAMED = 60
"""How many known names a message lists; of the others, it says only how many there are."""


def unknown(noun: str, got: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not known: what was given, names that are spelt alike, and all that are known.

    >>> unknown("engine", "eagr", ["eager", "openvino"])
    "unknown engine 'eagr'; did you mean 'eager'? known: eager, openvino"
    """
    names = sorted(known)
    near = get_close_matches(got, names, n=3, cutoff=0.5) if len(got) <= LONGEST_NAME else []
    hint = f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ";"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"unknown {noun} {shown(got)}{hint} known: {', '.join(names[:MOST_NAMED]) or 'none'}{more}"
