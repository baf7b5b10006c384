"""Networks compared on the same pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, groupby
from typing import NamedTuple

import numpy as np
import polars as pl

from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.coinciding import coinciding
from shiftscope.sensitivity.families import families
from shiftscope.sensitivity.sides import Files, Side, matching, pictures_of, side, side_on
from shiftscope.sensitivity.stored import read_image_ids, read_pictures
from shiftscope.sensitivity.sums import Cell, Column, Ints, places
from shiftscope.statistics.corrections import benjamini_hochberg, holm
from shiftscope.statistics.intervals import Intervals, difference_intervals
from shiftscope.statistics.permutation import SignedSums, paired_p_values
from shiftscope.statistics.products import Products, all_products
from shiftscope.statistics.ratios import Floats, Ratios, Totals

CORRECTIONS = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}
CELLS_AT_A_TIME = 25_000_000
"""Entries of sums of pictures in memory, at most: 200 MB of numerators, and as much of denominators."""


def comparisons(cells: Mapping[Cell, Files], *, seed: int, level: float, n_resamples: int, adjust: str) -> pl.DataFrame:
    """Every two networks on every protocol and measure, on the pictures that both have: columns of COMPARISONS.

    Of measures that say the same on a protocol by definition, one is compared (`coinciding`).

    Everything but the products of two networks' pictures follows from what each network's job has drawn, by addition.
    Networks that have not the same pictures are drawn anew, on those that they share.

    Parameters
    ----------
    cells : the files of networks and protocols.
    level : the confidence level, in (0, 1), of intervals.
    seed, n_resamples : of the bootstrap and of the permutation test, those of the jobs.
    adjust : names the correction (`CORRECTIONS`), over each family (`families`).
    """
    weights, draws = matching(cells), {"seed": seed, "n_resamples": n_resamples}
    found = [COMPARISONS.to_frame()]
    for protocol in sorted({protocol for protocol, _ in cells}):
        own = {network: files for (other, network), files in cells.items() if other == protocol}
        networks = _with_pictures({name: (files, weights.get((protocol, name))) for name, files in own.items()})
        place = {name: k for k, name in enumerate(networks)}
        pairs = [
            COMPARISONS.to_frame(),
            *(rows for group in _groups(networks) for rows in _compared(group, level=level, **draws)),
        ]
        order = (pl.col(name).replace_strict(place, return_dtype=pl.Int64) for name in ("network_a", "network_b"))
        found.append(pl.concat(pairs).with_columns(protocol=pl.lit(protocol)).sort(*order, maintain_order=True))
    table = families(pl.concat(found))
    return adjusted(table, adjust).fill_nan(None)


def adjusted(table: pl.DataFrame, adjust: str) -> pl.DataFrame:
    """A table COMPARISONS with `p_adjusted`: the p-values of each family, adjusted by one of `CORRECTIONS`.

    >>> rows = {"family": ["primary", "exploratory", "exploratory"], "p_value": [0.04, 0.04, 0.5]}
    >>> adjusted(pl.DataFrame(rows), "holm")["p_adjusted"].to_list()
    [0.04, 0.08, 0.5]
    """
    found = np.full(len(table), np.nan)
    for family in table["family"].unique():
        own = (table["family"] == family).to_numpy()
        found[own] = CORRECTIONS[adjust](table["p_value"].to_numpy()[own])
    return table.with_columns(pl.Series("p_adjusted", found, dtype=pl.Float64))


Pair = tuple[str, str]


class _Network(NamedTuple):
    """A network on one protocol."""

    files: Files
    weights: Floats | None
    """As of `sides.matching`."""
    image_ids: pl.Series
    """One series for all networks that have the same pictures."""


class _Group(NamedTuple):
    """Networks that are compared on the same pictures."""

    pairs: list[Pair]
    members: dict[str, _Network]
    places: dict[str, Ints | None]
    """Where among the pictures of each network those are on which it is compared; None where that is all of them."""


def _with_pictures(networks: Mapping[str, tuple[Files, Floats | None]]) -> dict[str, _Network]:
    known: dict[bytes, pl.Series] = {}
    found = {}
    for name, (files, weights) in networks.items():
        pictures = read_pictures(files.sums)
        if pictures not in known:
            known[pictures] = read_image_ids(files.sums)
        found[name] = _Network(files, weights, known[pictures])
    return found


def _groups(networks: Mapping[str, _Network]) -> Iterator[_Group]:
    """All pairs, those together that are compared on the same pictures; without those that share no picture."""
    together: dict[tuple[int, int], list[Pair]] = {}
    for a, b in combinations(networks, 2):
        key = sorted(id(networks[name].image_ids) for name in (a, b))
        together.setdefault((key[0], key[1]), []).append((a, b))
    for pairs in together.values():
        members = {name: networks[name] for pair in pairs for name in pair}
        one, other = (networks[name].image_ids for name in pairs[0])
        shared = one.filter(one.is_in(other.implode()))
        if len(shared):
            places = {id(one.image_ids): _places(one.image_ids, shared) for one in members.values()}
            yield _Group(pairs, members, {name: places[id(one.image_ids)] for name, one in members.items()})


def _places(image_ids: pl.Series, shared: pl.Series) -> Ints | None:
    return None if len(shared) == len(image_ids) else places(shared, image_ids)


def _compared(group: _Group, *, level: float, seed: int, n_resamples: int) -> Iterator[pl.DataFrame]:
    """The rows of all pairs, of some of them at a time."""
    sides = {}
    for name, (files, weights, image_ids) in group.members.items():
        if group.places[name] is None:
            sides[name] = side(files, weights, level=level, signs=True)
        else:
            pictures = pictures_of(files, weights, image_ids=image_ids)
            draws = {"seed": seed, "n_resamples": n_resamples}
            sides[name] = side_on(pictures, group.places[name], level=level, signs=True, **draws)
    once = _said_once(sides)
    columns = list(dict.fromkeys(column for one in sides.values() for column in one.columns if column not in once))
    products = all_products(_pictures(group, columns))
    place = {name: k for k, name in enumerate(group.members)}
    for a, b, chosen in _together(group.pairs, sides, once):
        of_both = products.columns([columns.index(column) for column in chosen]).of(place[a], [place[name] for name in b])
        many = _Many.of([sides[a].of(chosen)] * len(b)), _Many.of([sides[name].of(chosen) for name in b])
        repeated = np.repeat(np.arange(len(b)), len(chosen))
        yield _differences(*many, of_both, chosen * len(b), network_a=a, network_b=pl.Series(b).gather(repeated))


def _together(
    pairs: Iterable[Pair], sides: Mapping[str, Side], once: set[Column]
) -> Iterator[tuple[str, list[str], list[Column]]]:
    """A network, others with which it is compared, and the measures that all of these have but for `once`, one at least."""
    for a, of_a in groupby(pairs, key=lambda pair: pair[0]):
        for _, alike in groupby(of_a, key=lambda pair: sides[pair[1]].columns):
            others = [b for _, b in alike]
            known = set(sides[others[0]].columns) - once
            chosen = [column for column in sides[a].columns if column in known]
            if chosen:
                yield a, others, chosen


class _Many(NamedTuple):
    """The measures of several networks, of one network behind those of another."""

    totals: Totals
    intervals: Intervals
    signed: list[SignedSums]
    """Of each network."""

    @classmethod
    def of(cls, sides: Sequence[Side]) -> "_Many":
        totals = Totals(*map(np.concatenate, zip(*(side.totals for side in sides), strict=True)))
        estimate, low, high = map(np.concatenate, zip(*(side.intervals[:3] for side in sides), strict=True))
        reasons = [reason for side in sides for reason in side.intervals.reason]
        return cls(totals, Intervals(estimate, low, high, reasons), [side.signed for side in sides if side.signed])


def _said_once(sides: Mapping[str, Side]) -> set[Column]:
    """What says the same as something else for each network that has it."""
    found = [(set(one.columns), coinciding(one)) for one in sides.values()]
    named = {column for _, same in found for column in same}
    return {column for column in named if all(column in same for there, same in found if column in there)}


def _pictures(group: _Group, columns: Sequence[Column]) -> Iterator[Ratios]:
    """One measure after the other, of all networks of a group, read some measures at a time. A network without a measure
    counts on no picture. What was given is overwritten by what comes later."""
    k = len(group.members)
    n = max(len(one.image_ids if (there := group.places[name]) is None else there) for name, one in group.members.items())
    at_a_time = max(1, CELLS_AT_A_TIME // max(1, n * k))
    memory = np.empty((2, min(at_a_time, len(columns)), k, n))  # once: to ask for it takes as long as to fill it
    for start in range(0, len(columns), at_a_time):
        some = columns[start : start + at_a_time]
        numerator, denominator = memory[:, : len(some)]
        for network, (name, (files, weights, image_ids)) in enumerate(group.members.items()):
            pictures = pictures_of(files, weights, some, image_ids=image_ids)
            ratios = pictures.at(group.places[name], pictures.columns)
            for k_th, column in enumerate(some):
                if column in pictures.columns:
                    at = pictures.columns.index(column)
                    numerator[k_th, network], denominator[k_th, network] = (part[:, at] for part in ratios[:2])
                else:
                    numerator[k_th, network] = denominator[k_th, network] = 0
        for top, bottom in zip(numerator, denominator, strict=True):
            yield Ratios(top.T, bottom.T, np.full(k, np.nan), np.ones(k))


def _differences(a: _Many, b: _Many, both: Products, columns: Sequence[Column], **names: object) -> pl.DataFrame:
    """The rows of pairs of networks, which have the same measures."""
    low, high = difference_intervals(a.totals, b.totals, a.intervals, b.intervals, both)
    measures, conditions = zip(*columns, strict=True)
    table = {
        **names,
        "measure": measures,
        "condition": conditions,
        "difference": a.intervals.estimate - b.intervals.estimate,
        "ci_low": low,
        "ci_high": high,
        "p_value": paired_p_values(a.totals, b.totals, list(zip(a.signed, b.signed, strict=True)), both),
        "reason": pl.Series(map(_joined, a.intervals.reason, b.intervals.reason), dtype=pl.String),
        "n_images_a": a.totals.counted,
        "n_images_b": b.totals.counted,
    }
    missing = dict.fromkeys(("protocol", "family", "p_adjusted"), pl.lit(None))
    return pl.DataFrame(table).with_columns(**missing).select(pl.col(name).cast(kind) for name, kind in COMPARISONS.items())


def _joined(reason_a: str | None, reason_b: str | None) -> str | None:
    if not reason_a and not reason_b:
        return None
    said = [f"network {name}: {reason}" for name, reason in (("a", reason_a), ("b", reason_b)) if reason]
    return "; ".join(said)
