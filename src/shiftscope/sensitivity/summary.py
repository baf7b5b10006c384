"""Measures of every network and protocol with intervals, and networks compared on the same pictures."""

from collections.abc import Iterable, Iterator, Mapping
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
    totals: list[bool]
    """Which of the columns are totals over images."""

    def of(self, image_ids: list[str], columns: list[tuple[str, str]]) -> tuple[Floats, Floats]:
        """Numerators and denominators of these images and columns, in this order, totals being over these images."""
        place = {image_id: row for row, image_id in enumerate(self.image_ids)}
        chosen = [self.columns.index(column) for column in columns]
        cells = np.ix_([place[image_id] for image_id in image_ids], chosen)
        denominator = np.where(np.array(self.totals)[chosen], 1 / len(image_ids), self.denominator[cells])
        return self.numerator[cells], denominator


def sums(predictions: pl.DataFrame) -> Sums:
    """Sums per image of every measure that `predictions` (tables.PREDICTIONS) can answer.

    Measures that need labels are of the images that have one, and left out where none has; those of pairs are left out
    where no image has two frames.
    """
    frames = frame_rows(predictions)
    images = frames.select(pl.col("image_id").unique(maintain_order=True))
    numerators, denominators, counted, columns, totals = [], [], [], [], []
    for condition, table, chosen in _questions(frames):
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
            totals.append(measure.denominator is None)
    shape = len(columns), len(images)  # said, for there may be none
    numerator, denominator = (np.array(rows).reshape(shape).T for rows in (numerators, denominators))
    return Sums(images["image_id"].to_list(), columns, numerator, denominator, counted, totals)


def _questions(frames: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, dict[str, Measure]]]:
    """Condition, the rows that meet it, and the measures that see them; nothing where there are no rows to choose from."""
    for over, rows in (("frames", frames), ("pairs", pair_rows(frames))):
        here = {entry: measure for entry in measures if (measure := entry.item()).over == over}
        free = {entry.name: measure for entry, measure in here.items() if "labels" not in entry.needs}
        bound = {entry.name: measure for entry, measure in here.items() if "labels" in entry.needs}
        if free and len(rows):
            yield "all", rows, free
        labelled = rows.filter(pl.col("right").is_not_null())
        if bound and len(labelled):
            yield "all", labelled, bound
        if over == "pairs" and len(labelled):
            yield "right", labelled.filter(pl.col("previous_right")), free | bound


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
        if not cell.columns:
            continue
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
        known = set(b.image_ids)
        both = [image_id for image_id in a.image_ids if image_id in known]
        columns = [column for column in a.columns if column in b.columns]
        if not both or not columns:
            continue
        sums_a, sums_b = a.of(both, columns), b.of(both, columns)
        found = paired_differences(sums_a, sums_b, seed=seed, level=level, n_resamples=n_resamples)
        for k, (measure, condition) in enumerate(columns):
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
