"""Numbers as tables and sentences of the page show them."""

from collections.abc import Mapping
from typing import Any

from shiftscope.core.numbers import percent
from shiftscope.statistics.permutation import SMALLEST_P


def number(value: float | None) -> str:
    """Return a number with three digits behind the point below 10, one below 100, else none; with a true minus sign.

    Examples
    --------
    >>> [number(value) for value in (-0.5, 12.345, 834.4, None)]
    ['−0.500', '12.3', '834', 'none']
    """
    if value is None:
        return "none"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
    return text.replace("-", "−")


def p_value(value: float | None) -> str:
    """Return a p-value with three digits behind the point, or as a power of ten with one digit below .001.

    Examples
    --------
    >>> [p_value(value) for value in (0.04567, 0.00012, 1e-12, None)]
    ['0.046', '1e−4', '<1e−9', 'none']
    """
    if value is None:
        return "none"
    if value <= SMALLEST_P:
        return f"<{SMALLEST_P:.0e}".replace("e-0", "e−")
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}".replace("e-0", "e−").replace("e-", "e−")


def interval(row: Mapping[str, Any], estimate: str = "estimate") -> str:
    """Return the number in a row with its interval, `ci_low` and `ci_high`, where it has one.

    >>> interval({"estimate": 0.25, "ci_low": 0.125, "ci_high": 0.5}), interval({"estimate": 0.25, "ci_low": None})
    ('0.250 [0.125, 0.500]', '0.250')
    """
    if row[estimate] is None:
        return "none"
    ends = "" if row["ci_low"] is None else f" [{number(row['ci_low'])}, {number(row['ci_high'])}]"
    return number(row[estimate]) + ends


def share(row: Mapping[str, Any]) -> str:
    """Return the share in a row, `estimate`, as a percentage with its interval where it has one.

    >>> share({"estimate": 0.193, "ci_low": 0.17, "ci_high": 0.22})
    '19.3 % [17, 22]'
    """
    if row["estimate"] is None:
        return "none"
    ends = "" if row["ci_low"] is None else f" [{_bare(row['ci_low'])}, {_bare(row['ci_high'])}]"
    return percent(row["estimate"]) + ends


def _bare(part: float) -> str:
    return percent(part).removesuffix(" %")
