"""Measures of every network and protocol with intervals, and networks compared on the same pictures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np
import polars as pl

from shiftscope import tables
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.sensitivity.measures import Measure, measures
from shiftscope.sensitivity.rows import frame_rows, pair_rows
from shiftscope.statistics import Floats, benjamini_hochberg, bootstrap_ratios, holm, paired_differences

CORRECTIONS = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}

Cell = tuple[str, str]
"""Protocol and network."""


@dataclass(frozen=True)
class Sums:
    """All measures of one network on one protocol, as sums per image."""

    image_ids: list[str]
    columns: list[tuple[str, str]]
    """Measure and condition: `all`, or `right`, among pairs whose first frame is classified right."""
    numerator: Floats
    """(images, columns)"""
    denominator: Floats
    counted: list[int]
    """Rows that count, for each column."""

    def of(self, image_ids: list[str]) -> tuple[Floats, Floats]:
        """Numerators and denominators of these images, in this order."""
        if image_ids == self.image_ids:
            return self.numerator, self.denominator
        place = {image_id: row for row, image_id in enumerate(self.image_ids)}
        rows = [place[image_id] for image_id in image_ids]
        return self.numerator[rows], self.denominator[rows]


def sums(predictions: pl.DataFrame) -> Sums:
    """Sums per image of every measure that `predictions` (tables.PREDICTIONS) can answer.

    Measures that need labels are left out where a frame has none, those of pairs where no image has two frames.
    """
    frames = frame_rows(predictions)
    pairs = pair_rows(frames)
    labelled = not frames["right"].null_count()
    rows = {("frames", "all"): frames, ("pairs", "all"): pairs}
    if labelled:
        rows["pairs", "right"] = pairs.filter(pl.col("previous_right"))
    images = frames.select(pl.col("image_id").unique(maintain_order=True))
    numerators, denominators, counted, columns = [], [], [], []
    for (over, condition), table in rows.items():
        chosen = {
            entry.name: measure
            for entry in measures
            if (measure := entry.item()).over == over and (labelled or "labels" not in entry.needs)
        }
        if not chosen or (over == "pairs" and not len(pairs)):
            continue
        summed = images.join(_per_image(table, chosen), on="image_id", how="left", maintain_order="left").fill_null(0)
        for name, measure in chosen.items():
            columns.append((name, condition))
            numerators.append(summed[f"{name} numerator"].cast(pl.Float64).to_numpy())
            # A total is a ratio to a constant: resampled images always make up one whole data set.
            whole = np.full(len(images), 1 / len(images))
            denominators.append(
                whole if measure.denominator is None else summed[f"{name} denominator"].cast(pl.Float64).to_numpy()
            )
            counted.append(int(summed[f"{name} counted"].sum()))
    return Sums(images["image_id"].to_list(), columns, np.stack(numerators, 1), np.stack(denominators, 1), counted)


def _per_image(rows: pl.DataFrame, chosen: Mapping[str, Measure]) -> pl.DataFrame:
    expressions = []
    for name, measure in chosen.items():
        expressions += [measure.numerator.alias(f"{name} numerator"), measure.counted.alias(f"{name} counted")]
        if measure.denominator is not None:
            expressions.append(measure.denominator.alias(f"{name} denominator"))
    return rows.group_by("image_id", maintain_order=True).agg(expressions)


def sensitivity(cells: Mapping[Cell, Sums], *, seed: int, level: float, n_resamples: int) -> pl.DataFrame:
    """Every measure of every network and protocol: SENSITIVITY. Null where a denominator is 0."""
    rows: list[dict[str, object]] = []
    for (protocol, network), cell in cells.items():
        found = bootstrap_ratios(cell.numerator, cell.denominator, seed=seed, level=level, n_resamples=n_resamples)
        n_images = (cell.denominator != 0).sum(0)
        for k, (measure, condition) in enumerate(cell.columns):
            rows.append(
                {
                    "network": network,
                    "protocol": protocol,
                    "measure": measure,
                    "condition": condition,
                    "estimate": found[0][k],
                    "ci_low": found[1][k],
                    "ci_high": found[2][k],
                    "n_images": n_images[k],
                    "n_pairs": cell.counted[k],
                }
            )
    return tables.table(rows, SENSITIVITY).fill_nan(None)


def comparisons(cells: Mapping[Cell, Sums], *, seed: int, level: float, n_resamples: int, adjust: str) -> pl.DataFrame:
    """Every two networks on every protocol and measure, on the pictures that both have: COMPARISONS.

    `adjust` names the correction (`CORRECTIONS`), over the whole table.
    """
    rows: list[dict[str, object]] = []
    for protocol, pair in _pairs(cells):
        (name_a, a), (name_b, b) = pair
        both = [image_id for image_id in a.image_ids if image_id in set(b.image_ids)]
        if not both or a.columns != b.columns:
            continue
        found = paired_differences(a.of(both), b.of(both), seed=seed, level=level, n_resamples=n_resamples)
        for k, (measure, condition) in enumerate(a.columns):
            rows.append(
                {
                    "network_a": name_a,
                    "network_b": name_b,
                    "protocol": protocol,
                    "measure": measure,
                    "condition": condition,
                    "difference": found.estimate[k],
                    "ci_low": found.low[k],
                    "ci_high": found.high[k],
                    "p_value": found.p_value[k],
                    "n_images": len(both),
                }
            )
    table = tables.table(rows, COMPARISONS)
    adjusted = CORRECTIONS[adjust](table["p_value"].to_numpy())
    return table.with_columns(pl.Series("p_adjusted", adjusted, dtype=pl.Float64)).fill_nan(None)


def _pairs(cells: Mapping[Cell, Sums]) -> Iterable[tuple[str, tuple[tuple[str, Sums], tuple[str, Sums]]]]:
    by_protocol = sorted(cells.items(), key=lambda item: item[0][0])
    for protocol, group in groupby(by_protocol, key=lambda item: item[0][0]):
        named = [(network, found) for (_, network), found in group]
        for first, second in combinations(named, 2):
            yield protocol, (first, second)
