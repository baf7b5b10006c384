"""What each network brings to tables of several networks: its estimates, intervals and sums under random signs."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from shiftscope.sensitivity import DRAWS
from shiftscope.sensitivity.confidence import BINS, common_confidence, matching_weights
from shiftscope.sensitivity.stored import BY_PICTURE, SIGNED, WEIGHTED, binned_in_turn, read_draws, read_sums
from shiftscope.sensitivity.sums import Cell, Column, Ints, Sums, trials_and_scale
from shiftscope.statistics.bootstrap import resampled_means
from shiftscope.statistics.intervals import Intervals, intervals, intervals_of
from shiftscope.statistics.moments import Moments, reweighted
from shiftscope.statistics.permutation import SignedSums, signed_sums
from shiftscope.statistics.ratios import Floats, Ratios, Totals

MATCHED = "matched"
SIGNS = pl.Schema({name: DRAWS[name] for name in SIGNED})
PLAIN = pl.Schema({name: dtype for name, dtype in DRAWS.items() if name not in SIGNED})


class Files(NamedTuple):
    """What the job of one network on one protocol has left."""

    sums: str | Path
    """A table SUMS."""
    draws: str | Path
    """A table DRAWS."""


def by_cell(cells: Iterable[Iterable[str]], sums: Iterable[str | Path], draws: Iterable[str | Path]) -> dict[Cell, Files]:
    """The files by protocol and network. All are in the order of `cells`.

    >>> by_cell([["crop", "resnet"]], ["a.parquet"], ["b.parquet"])
    {('crop', 'resnet'): Files(sums='a.parquet', draws='b.parquet')}
    """
    files = zip(cells, map(Files, sums, draws), strict=True)
    return {(protocol, network): both for (protocol, network), both in files}


class Side(NamedTuple):
    """m measures of one network on one protocol."""

    columns: list[Column]
    totals: Totals
    n_pairs: Ints
    """(m,): frames or pairs that count."""
    intervals: Intervals
    signed: SignedSums | None
    """Divided by the denominators (`SignedSums.shares`). None where they were not asked for."""

    def of(self, columns: list[Column]) -> "Side":
        """Those of the measures, in this order."""
        if columns == self.columns:
            return self
        chosen = np.array([self.columns.index(column) for column in columns], dtype=np.int64)
        return Side(
            columns,
            self.totals.columns(chosen),
            self.n_pairs[chosen],
            self.intervals.columns(chosen),
            None if self.signed is None else SignedSums(*(part[:, chosen] for part in self.signed)),
        )


def matching(cells: Mapping[Cell, Files]) -> dict[Cell, Floats]:
    """The weights, (bins,), of each network's pairs that match its confidence with that of the other networks on the same
    protocol. None for a protocol of one network, or without pairs of neighbours."""
    found: dict[Cell, Floats] = {}
    schema = pl.Schema({"pairs": DRAWS["pairs"]})
    for protocol in dict.fromkeys(protocol for protocol, _ in cells):
        pairs = {}
        for cell in (cell for cell in cells if cell[0] == protocol):
            rows = read_draws(cells[cell].draws, "bins", schema)["pairs"]
            pairs[cell] = rows[0].to_numpy() if len(rows) else None
        if len(pairs) > 1:
            target = common_confidence(np.zeros(BINS) if one is None else one for one in pairs.values())
            found |= {cell: matching_weights(one, target) for cell, one in pairs.items() if one is not None}
    return found


def side(files: Files, weights: Floats | None, *, level: float, signs: bool = False) -> Side:
    """All pictures of a network, under all conditions: `matched` among them where `weights` are given (`matching`).

    `level` is the confidence level, in (0, 1), of intervals; `signs` says whether sums under random signs are needed.
    """
    schema = pl.Schema({**PLAIN, **SIGNS}) if signs else PLAIN
    rows = read_draws(files.draws, "conditions", schema)
    if len(rows) and not rows["is_drawn"].all():
        pictures = pictures_of(files, weights)
        return side_on(pictures, None, level=level, seed=rows["seed"][0], n_resamples=rows["n_draws"][0], signs=signs)
    parts = [_summed(rows, "condition", signs)]
    if weights is not None:
        parts += _matched(files, read_draws(files.draws, "bins", schema), weights, signs)
    return _side(parts, level)


def side_by_value(draws: str | Path, *, level: float) -> Side:
    """All pictures of a network (a table DRAWS), by swept value: columns are measure and value."""
    return _side([_summed(read_draws(draws, "value", PLAIN), "value", signs=False)], level)


def side_on(pictures: Sums, places: Ints | None, *, level: float, seed: int, n_resamples: int, signs: bool = False) -> Side:
    """Some pictures of a network alone, by their places in `pictures`, under the conditions there: they are resampled
    anew. All pictures where `places` is None."""
    ratios = pictures.at(places, pictures.columns)
    totals = ratios.totals()
    counted = pictures.counted if places is None else pictures.counted[places]
    return Side(
        pictures.columns,
        totals,
        counted.sum(0),
        intervals(ratios, level=level, seed=seed, n_resamples=n_resamples),
        signed_sums(ratios, seed=seed, n_draws=n_resamples).shares(totals) if signs else None,
    )


def pictures_of(
    files: Files,
    weights: Floats | None,
    columns: Iterable[Column] | None = None,
    *,
    image_ids: pl.Series | None = None,
) -> Sums:
    """The sums of a network's pictures: those of the `columns` that it has, or all; under `matched`, too, where `weights`
    are given. `image_ids` as of `stored.read_sums`."""
    chosen = None if columns is None else list(columns)
    plain = None if chosen is None else [column for column in chosen if column[1] != MATCHED]
    matched = None if chosen is None else [name for name, condition in chosen if condition == MATCHED]
    found = read_sums(files.sums, plain, image_ids=image_ids)
    if weights is None:
        return found
    for one in binned_in_turn(files.sums, matched):
        found = found.beside(one.matched(found.image_ids, weights))
    return found


class _Summed(NamedTuple):
    """Measures whose pictures and resamples have been summed."""

    columns: list[Column]
    totals: Totals
    n_pairs: Ints
    resamples: Moments | None
    """Of those measures that are no shares; None where all are."""
    signed: SignedSums | None


def _side(parts: list[_Summed], level: float) -> Side:
    """Several measures side by side."""
    totals = Totals(*map(np.concatenate, zip(*(part.totals for part in parts), strict=True)))
    means = [part.resamples for part in parts if part.resamples is not None]
    signed = [part.signed for part in parts if part.signed is not None]
    resamples = Moments(*_beside(means)) if means else Moments(*np.empty((5, 1, 0)))
    return Side(
        [column for part in parts for column in part.columns],
        totals,
        np.concatenate([part.n_pairs for part in parts]),
        intervals_of(totals, resamples, level=level),
        SignedSums(*_beside(signed)).shares(totals) if signed else None,
    )


def _beside(parts: list[Any]) -> Iterator[Floats]:
    return (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))


def _summed(rows: pl.DataFrame, at: str, signs: bool) -> _Summed:
    """Rows of DRAWS that have no bins; `at` is the column that tells rows of one measure apart."""
    kinds, n_pairs, counted = rows["kind"].to_list(), rows["n_pairs"].to_numpy(), rows["n_images"].to_numpy()
    trials, scale = trials_and_scale(kinds, n_pairs, counted)
    said = {"counted": counted, "trials": trials, "scale": scale, "nonnegative": rows["nonnegative"].to_numpy()}
    numbers = {name: rows[name].fill_null(np.nan).to_numpy() for name in Totals._fields if name not in said}
    return _Summed(
        list(zip(rows["measure"], rows[at], strict=True)),
        Totals(**said, **numbers),
        n_pairs,
        _resamples(rows.filter(kind="mean")),
        SignedSums(*(_draws(rows[name]) for name in SIGNED)) if signs and len(rows) else None,
    )


def _resamples(means: pl.DataFrame) -> Moments | None:
    """Sums over resampled pictures of rows of DRAWS that are means: those of the file, or of the pictures there."""
    if not len(means):
        return None
    if means["is_drawn"].all():
        return Moments(*(_draws(means[name]) for name in WEIGHTED.values()))
    numerator, denominator = (_draws(means[name]) for name in BY_PICTURE)
    pictures = Ratios(numerator, denominator, np.full(len(means), np.nan), np.ones(len(means)))
    return resampled_means(pictures, seed=means["seed"][0], n_resamples=means["n_draws"][0])


def _draws(lists: pl.Series) -> Floats:
    """Lists of draws as (draws, lists)."""
    return np.stack([one.to_numpy() for one in lists], axis=1)


def _matched(files: Files, bins: pl.DataFrame, weights: Floats, signs: bool) -> Iterator[_Summed]:
    """The condition `matched`, one measure after the other: the sums of each bin, by its weight. `bins` are these rows of
    DRAWS."""
    for binned in binned_in_turn(files.sums):
        matched = binned.matched(pl.Series(dtype=pl.String), weights)
        row, resamples, signed = bins.filter(measure=binned.measures[0]), None, None
        if binned.kinds[0] == "mean":
            sums = [row[name][0].to_numpy() for name in WEIGHTED.values()]
            draws = len(sums[0]) // BINS
            resamples = reweighted(Moments(*(one.reshape(draws, -1) for one in sums)), weights)
        if signs:
            signed = SignedSums(*((row[name][0].to_numpy().reshape(-1, BINS) @ weights)[:, None] for name in SIGNED))
        yield _Summed(matched.columns, matched.ratios.totals(), matched.counted.sum(0), resamples, signed)
