"""Measures of every network and protocol, with intervals: over all pictures, and by what is swept."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.sensitivity import CURVES, SENSITIVITY
from shiftscope.sensitivity.coinciding import coinciding
from shiftscope.sensitivity.sides import Files, Side, matching, side, side_by_value
from shiftscope.sensitivity.sums import Cell


def sensitivity(cells: Mapping[Cell, Files], *, level: float) -> pl.DataFrame:
    """Every measure of every network and protocol, columns of SENSITIVITY; an estimate is null where its denominator is 0.

    The networks of a protocol are also compared at confidences that are matched among them. `level` is the confidence
    level, in (0, 1), of intervals.
    """
    weights = matching(cells)
    rows: list[dict[str, object]] = []
    for (protocol, network), files in cells.items():
        found = side(files, weights.get((protocol, network)), level=level)
        same = {column: other.of for column, other in coinciding(found).items()}
        for at, n_pairs, row in _rows(found):
            said = {"network": network, "protocol": protocol, "condition": at, "n_pairs": n_pairs}
            rows.append(said | row | {"same_as": same.get((row["measure"], at))})
    return tables.table(rows, SENSITIVITY).fill_nan(None)


def curves(draws: Mapping[Cell, str | Path], *, level: float) -> pl.DataFrame:
    """Every mean over frames or pairs by the swept value, for every network and protocol, columns of CURVES.

    `draws` are files of DRAWS; `level` is the confidence level, in (0, 1), of intervals. A protocol that sweeps nothing, or
    more than `parts.MOST_VALUES` values, has no curve.
    """
    rows: list[dict[str, object]] = []
    for (protocol, network), path in draws.items():
        said = {"network": network, "protocol": protocol}
        rows += [said | row | {"value": at} for at, _, row in _rows(side_by_value(path, level=level))]
    return tables.table(rows, CURVES).fill_nan(None).sort("protocol", "network", "measure", "value", maintain_order=True)


def _rows(side: Side) -> Iterator[tuple[Any, int, dict[str, Any]]]:
    """Condition or swept value, rows that count, and the columns that every table of estimates has."""
    found, counted = side.intervals, side.totals.counted
    for k, (measure, at) in enumerate(side.columns):
        row = {
            "measure": measure,
            "estimate": found.estimate[k],
            "ci_low": found.low[k],
            "ci_high": found.high[k],
            "reason": found.reason[k],
            "n_images": counted[k],
        }
        yield at, int(side.n_pairs[k]), row
