"""Does augmentation help, and does it help only for pictures that are framed like those that the network was trained on?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from shiftscope.bias.rectangles import ALL
from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION
from shiftscope.sensitivity.stored import read_sums
from shiftscope.sensitivity.sums import Cell
from shiftscope.statistics.combinations import combination_interval
from shiftscope.statistics.intervals import Intervals, intervals
from shiftscope.statistics.ratios import Floats

CHANGE = ("top1_change", "all")
FRAMED_BY = ("centre_x", "centre_y", "width", "height")
"""What the distance between two framings is the mean of."""
ALIKE, OTHERWISE = "alike", "otherwise"


class Taught(NamedTuple):
    """A network that was trained with an augmentation, and the same one that was trained without."""

    network: str
    without: str
    augmentation: str
    """The kind of augmentation."""
    trained_on: str
    """The data set that both were trained on."""


class _Measured(NamedTuple):
    """P(top-1 change) of k networks on the same n pictures."""

    names: list[str]
    found: Intervals
    influence: Floats
    """(n, k)"""


class _Group(NamedTuple):
    """Networks whose gains are averaged or subtracted."""

    said: dict[str, object]
    weights: dict[str, float]
    """What each network that was trained with the augmentation counts."""


def framing_distance(comparison: pl.DataFrame) -> float | None:
    """How unlike two data sets are framed, from 0 to 1: the mean of the Wasserstein distances of the centres' coordinates,
    widths and heights of all boxes (naive: as shares of the picture). `comparison` is a table `bias.FRAMING_COMPARISON`.

    None where there is no such distance.

    >>> rows = [(ALL, name, "naive", effect) for name, effect in zip(FRAMED_BY, (0.1, 0.1, 0.2, 0.4))]
    >>> schema = ["category", "quantity", "null", "effect"]
    >>> framing_distance(pl.DataFrame(rows, schema, orient="row"))
    0.2
    """
    chosen = comparison.filter(pl.col("quantity").is_in(FRAMED_BY), category=ALL, null="naive")["effect"].drop_nulls()
    return float(np.round(chosen.to_numpy().mean(), 12)) if len(chosen) == len(FRAMED_BY) else None


def framed(distances: Mapping[str, float | None]) -> dict[str, str]:
    """Which data set is framed like the one that was asked about, and which are framed otherwise, by their distances.

    The nearest is `ALIKE`, the others `OTHERWISE`. With fewer than two known distances nothing is said of any.

    >>> framed({"centred": 0.01, "uniform": 0.2, "web": None}), framed({"centred": 0.01})
    ({'centred': 'alike', 'uniform': 'otherwise'}, {})
    """
    known = {name: distance for name, distance in distances.items() if distance is not None}
    if len(known) < 2:
        return {}
    nearest = min(known, key=lambda name: known[name])
    return {name: ALIKE if name == nearest else OTHERWISE for name in known}


def augmentation_gains(
    taught: Sequence[Taught],
    sums: Mapping[Cell, str | Path],
    distances: Mapping[str, float | None],
    *,
    seed: int,
    level: float,
    n_resamples: int,
) -> pl.DataFrame:
    """How much less networks change their answer for having been trained with an augmentation, columns of AUGMENTATION.

    Parameters
    ----------
    taught : the networks.
    sums : files of `sensitivity.SUMS` by protocol and network, of all of them, on one data set. Neighbouring steps of all
        protocols are neighbours.
    distances : `framing_distance` of that data set to the data sets that networks were trained on.
    level : the confidence level, in (0, 1), of intervals.
    seed, n_resamples : of the bootstrap, which shares do not need.
    """
    framing = framed(distances)
    rows: list[dict[str, object]] = []
    for protocol in dict.fromkeys(protocol for protocol, _ in sums):
        for augmentation in dict.fromkeys(one.augmentation for one in taught):
            chosen = [one for one in taught if one.augmentation == augmentation]
            measured = _measured(protocol, chosen, sums, seed=seed, level=level, n_resamples=n_resamples)
            if measured is None:
                continue
            without = {one.network: one.without for one in chosen}
            for group in _groups(chosen, framing, distances):
                said = {"protocol": protocol, "augmentation": augmentation, **group.said}
                rows.append(said | _gain(group, without, measured))
    return tables.table(rows, AUGMENTATION).fill_nan(None)


def _measured(
    protocol: str,
    taught: Sequence[Taught],
    sums: Mapping[Cell, str | Path],
    *,
    seed: int,
    level: float,
    n_resamples: int,
) -> _Measured | None:
    """P(top-1 change) of all networks on the pictures that all of them have. None where there is no such picture."""
    names = list(dict.fromkeys(name for one in taught for name in (one.network, one.without)))
    known = [read_sums(sums[protocol, name], [CHANGE]) for name in names]
    images = known[0].image_ids
    for each in known[1:]:
        images = images.filter(images.is_in(each.image_ids.implode()))
    if not len(images) or not all(CHANGE in each.columns for each in known):
        return None
    ratios = [each.of(images, [CHANGE]) for each in known]
    found = [intervals(each, seed=seed, level=level, n_resamples=n_resamples) for each in ratios]
    estimate, low, high = (np.concatenate([each[k] for each in found]) for k in range(3))
    whole = Intervals(estimate, low, high, [each.reason[0] for each in found])
    return _Measured(names, whole, np.concatenate([each.influence() for each in ratios], axis=1))


def _groups(
    taught: Sequence[Taught], framing: Mapping[str, str], distances: Mapping[str, float | None]
) -> Iterator[_Group]:
    """Each network; all that were trained on pictures framed alike, and all on others; the difference of these two."""
    for one in taught:
        names = {"network": one.network, "without": one.without, "trained_on": one.trained_on}
        where = {"framing": framing.get(one.trained_on), "distance": distances.get(one.trained_on)}
        yield _Group({"of": "network", **names, **where}, {one.network: 1.0})
    sides = {side: [one.network for one in taught if framing.get(one.trained_on) == side] for side in (ALIKE, OTHERWISE)}
    means = {side: dict.fromkeys(names, 1 / len(names)) for side, names in sides.items() if names}
    for side, weights in means.items():
        yield _Group({"of": "framing", "framing": side}, weights)
    if len(means) == 2:
        negative = {name: -weight for name, weight in means[OTHERWISE].items()}
        yield _Group({"of": "difference"}, means[ALIKE] | negative)


def _gain(group: _Group, without: Mapping[str, str], measured: _Measured) -> dict[str, object]:
    """The columns of one row of AUGMENTATION that are numbers."""
    names, found, influence = measured
    with_, plain = np.zeros((2, len(names)))
    for name, weight in group.weights.items():
        with_[names.index(name)] += weight
        plain[names.index(without[name])] += weight
    coefficients = plain - with_
    used = np.flatnonzero(coefficients)
    estimate, low, high = (values[used] for values in found[:3])
    value, below, above = combination_interval(coefficients[used], estimate, low, high, influence[:, used])
    means = {"plain": float(plain @ found.estimate), "estimate": float(with_ @ found.estimate)}
    return {
        **({} if group.said["of"] == "difference" else means),
        "gain": value,
        "gain_low": below,
        "gain_high": above,
        "n_images": len(influence),
        "reason": "; ".join(f"{names[k]}: {found.reason[k]}" for k in used if found.reason[k]) or None,
    }
