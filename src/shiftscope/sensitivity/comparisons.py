"""Networks compared on the same pictures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.summary import Cell, Sums
from shiftscope.statistics.corrections import benjamini_hochberg, holm
from shiftscope.statistics.intervals import Intervals, difference_intervals, intervals
from shiftscope.statistics.permutation import SignedSums, paired_p_values, signed_sums
from shiftscope.statistics.ratios import Ratios

CORRECTIONS = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}


@dataclass(frozen=True)
class _Described:
    """What a network brings to every comparison that it is part of."""

    ratios: Ratios
    intervals: Intervals
    signed: SignedSums


def comparisons(cells: Mapping[Cell, Sums], *, seed: int, level: float, n_resamples: int, adjust: str) -> pl.DataFrame:
    """Every two networks on every protocol and measure, on the pictures that both have: columns of COMPARISONS.

    `cells` are `summary.all_sums`; `level` is the confidence level, in (0, 1), of intervals; `seed` and `n_resamples` are
    of the bootstrap and of the permutation test. `adjust` names the correction (`CORRECTIONS`), over the whole table.
    Resampling is done once per network where networks have the same pictures and measures.

    >>> import numpy as np
    >>> ones, rows = np.ones((4, 1)), np.ones((4, 1), np.int64)
    >>> right, wrong = (Sums(list("abcd"), [("accuracy", "all")], top, ones, rows, ["rows"]) for top in (ones, 0 * ones))
    >>> cells = {("crop", "a"): right, ("crop", "b"): wrong}
    >>> comparisons(cells, seed=0, level=0.95, n_resamples=100, adjust="holm")["difference"].to_list()
    [1.0]
    """
    known: dict[tuple[Any, ...], _Described] = {}

    def described(cell: Cell, images: list[str], columns: list[tuple[str, Any]]) -> _Described:
        key = (cell, tuple(images), tuple(columns))
        if key not in known:
            ratios = cells[cell].of(images, columns)
            found = intervals(ratios, seed=seed, level=level, n_resamples=n_resamples)
            known[key] = _Described(ratios, found, signed_sums(ratios, seed=seed, n_draws=n_resamples))
        return known[key]

    rows: list[dict[str, object]] = []
    for protocol, name_a, name_b in _pairs(cells):
        a, b = cells[protocol, name_a], cells[protocol, name_b]
        there, columns_b = set(b.image_ids), set(b.columns)
        images = [image_id for image_id in a.image_ids if image_id in there]
        columns = [column for column in a.columns if column in columns_b]
        if images and columns:
            found_a, found_b = (described((protocol, name), images, columns) for name in (name_a, name_b))
            said = {"network_a": name_a, "network_b": name_b, "protocol": protocol}
            rows += [said | row for row in _differences(found_a, found_b, columns)]
    table = tables.table(rows, COMPARISONS)
    adjusted = CORRECTIONS[adjust](table["p_value"].to_numpy())
    return table.with_columns(pl.Series("p_adjusted", adjusted, dtype=pl.Float64)).fill_nan(None)


def _differences(a: _Described, b: _Described, columns: list[tuple[str, Any]]) -> Iterator[dict[str, object]]:
    """The rows of two networks."""
    low, high = difference_intervals(a.ratios, b.ratios, a.intervals, b.intervals)
    p_value = paired_p_values(a.ratios, b.ratios, a.signed, b.signed)
    for k, (measure, condition) in enumerate(columns):
        yield {
            "measure": measure,
            "condition": condition,
            "difference": a.intervals.estimate[k] - b.intervals.estimate[k],
            "ci_low": low[k],
            "ci_high": high[k],
            "p_value": p_value[k],
            "reason": _joined(a.intervals.reason[k], b.intervals.reason[k]),
            "n_images_a": a.ratios.counted[k],
            "n_images_b": b.ratios.counted[k],
        }


def _joined(reason_a: str | None, reason_b: str | None) -> str | None:
    said = [f"network {name}: {reason}" for name, reason in (("a", reason_a), ("b", reason_b)) if reason]
    return "; ".join(said) or None


def _pairs(cells: Iterable[Cell]) -> Iterator[tuple[str, str, str]]:
    """Protocol and two networks, for every two networks of a protocol, in the order of `cells`."""
    for protocol, group in groupby(sorted(cells, key=lambda cell: cell[0]), key=lambda cell: cell[0]):
        for first, second in combinations([network for _, network in group], 2):
            yield protocol, first, second
