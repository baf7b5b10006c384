"""Which networks the corrected tests tell apart on a protocol: all sentences about differences are made of this."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl


class Difference(NamedTuple):
    """By how much one network changes its answer more than another one, as shares."""

    more: str
    less: str
    value: float
    """Not negative."""
    low: float
    high: float
    p: float
    """Corrected."""


class Pair(NamedTuple):
    """Two networks, over all pairs of frames and at matched confidence."""

    networks: tuple[str, str]
    plain: Difference | None
    """None where the corrected test and the interval do not support a difference."""
    matched: Difference | None
    compared_matched: bool
    """Whether there was a test at matched confidence."""
    p: float
    """Corrected, over all pairs."""


@dataclass(frozen=True)
class Apart:
    """What the tests say of every two networks on one protocol; each pair that was tested is in one of the lists."""

    certain: list[Pair]
    """Apart over all pairs, and in the same direction at matched confidence; where a protocol's steps are choices, there
    is no matched confidence, and the first will do. The largest difference comes first."""
    plain_only: list[Pair]
    """Apart over all pairs, but not at matched confidence."""
    matched_only: list[Pair]
    """Apart at matched confidence only."""
    opposed: list[Pair]
    """Apart in one direction over all pairs, and in the other at matched confidence."""
    not_told: list[Pair]

    @property
    def tested(self) -> int:
        """How many pairs of networks were compared."""
        return sum(map(len, (self.certain, self.plain_only, self.matched_only, self.opposed, self.not_told)))

    @property
    def told(self) -> set[frozenset[str]]:
        """The pairs of `certain`."""
        return {frozenset(pair.networks) for pair in self.certain}

    def among(self, networks: Iterable[str]) -> int:
        """How many pairs of some networks are `certain`.

        >>> Apart([Pair(("a", "b"), None, None, False, 0.1)], [], [], [], []).among(["a", "c"])
        0
        """
        chosen = set(networks)
        return sum(pair <= chosen for pair in self.told)


def apart(comparisons: pl.DataFrame, protocol: str, level: float) -> Apart:
    """What the corrected tests say of every two networks on a protocol: by P(top-1 change) where it has that, else by the
    share of pictures whose frames do not agree.

    A difference counts where its corrected p-value is below 1 − `level` and its interval leaves out 0.

    Parameters
    ----------
    comparisons : a table `sensitivity.COMPARISONS`.
    level : of the intervals, in (0, 1).
    """
    rows = comparisons.filter(pl.col("protocol") == protocol, pl.col("family") == "primary")
    changes = rows.filter(pl.col("measure") == "top1_change")
    agreements = rows.filter(pl.col("measure") == "agreement")
    sign = 1 if len(changes) else -1
    tested = (changes if len(changes) else agreements).filter(pl.col("p_adjusted").is_not_null())
    by = {(row["condition"], row["network_a"], row["network_b"]): row for row in tested.rows(named=True)}
    found: dict[str, list[Pair]] = {name: [] for name in Apart.__dataclass_fields__}
    for condition, a, b in by:
        if condition == "all":
            matched = by.get(("matched", a, b))
            pair = Pair(
                (a, b),
                _supported(by["all", a, b], sign, level),
                None if matched is None else _supported(matched, sign, level),
                matched is not None,
                by["all", a, b]["p_adjusted"],
            )
            found[_place(pair, choices=sign < 0)].append(pair)
    found["certain"].sort(key=lambda pair: -pair.plain.value if pair.plain else 0)
    return Apart(**found)


def _place(pair: Pair, choices: bool) -> str:
    """In which list of `Apart` a pair belongs."""
    if pair.plain is None:
        return "not_told" if pair.matched is None else "matched_only"
    if choices:
        return "certain"
    if pair.matched is None:
        return "plain_only"
    return "certain" if pair.matched.more == pair.plain.more else "opposed"


def _supported(row: dict[str, Any], sign: int, level: float) -> Difference | None:
    """The difference in a row of COMPARISONS, if test and interval support it. `sign` is −1 for a measure of which more
    means less change."""
    value, low, high = row["difference"], row["ci_low"], row["ci_high"]
    if value is None or low is None or not row["p_adjusted"] < 1 - level or low <= 0 <= high or not value:
        return None
    names = row["network_a"], row["network_b"]
    more, less = names if sign * value > 0 else names[::-1]
    low, high = sorted((abs(low), abs(high)))
    return Difference(more, less, abs(value), low, high, row["p_adjusted"])
