"""Where boxes lie among the places that their size leaves them.

A box on whole pixels has a finite number m of places, and few where it is nearly as large as its picture. [0, 1] is divided
into m equal parts, one for each place, and the box counts as spread evenly over the part of its own place. So no random
draw decides where in this part the box lies, and yet boxes with equally likely places are exactly U(0, 1) on average. This
is the non-randomised probability integral transform (Czado, Gneiting & Held 2009, Biometrics 65, section 2). By chance
alone, boxes that are spread are less far from uniform than points are. Therefore they are compared with a null distribution
of their own, of boxes with as many places (`chance`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.statistics import binned, uniformity
from shiftscope.statistics.binned import Ints
from shiftscope.statistics.ratios import Floats

AT_ONCE = 1_000_000
"""Boxes whose values are computed, and counted, at a time: memory for arrays of many millions is slow to get."""
PER_QUERY = 4_000_000
"""Boxes that are put together at a time."""
FEW = 10_000
"""Up to so many boxes are put together by sorting them; starting a query takes longer."""


class Places(NamedTuple):
    """Where in [0, 1] each of n boxes lies: spread evenly from its start to its end; at a point where they are equal."""

    start: Floats
    """(n,)"""
    end: Floats
    """(n,); the array `start` itself where no box is spread."""

    @property
    def spread(self) -> bool:
        """Whether any box may be spread: `end` is an array of its own."""
        return self.end is not self.start

    def of(self, which: slice | NDArray[np.bool_] | Ints) -> "Places":
        """Return the places of some of the boxes: a slice, a mask (n,) or their numbers."""
        start = self.start[which]
        return Places(start, self.end[which] if self.spread else start)

    def moments(self) -> tuple[float, float]:
        """Return the mean and the standard deviation of at least two boxes.

        A box that is spread over a width w contributes the variance w² ÷ 12 of its own.
        """
        if not self.spread:
            return float(self.start.mean()), float(self.start.std(ddof=1))
        middle, width = (self.start + self.end) / 2, self.end - self.start
        return float(middle.mean()), float(np.sqrt(middle.var(ddof=1) + (width**2).mean() / 12))


def feasible(low: Floats, high: Floats, extent: Floats) -> Places:
    """Return where each box lies among the places that its size leaves it: u = (c − s/2) ÷ (1 − s).

    c is the centre of the box and s its size, as shares of the picture. A box on whole pixels has only m = extent −
    size + 1 places; the k-th of them, counted from 0, is [k, k + 1) ÷ m.

    Parameters
    ----------
    low, high : (n,), px: the two ends of each box along one axis.
    extent : (n,), px: the size of each picture along it.

    Returns
    -------
    The places of the n boxes; nan for a box as large as its picture, which has one place only.

    Examples
    --------
    In a picture of 10 px, a box of 6 px off whole pixels, one on whole pixels, and one as large as the picture:

    >>> low, high = np.array([0.5, 1, 0]), np.array([6.5, 7, 10])
    >>> found = feasible(low, high, np.array([10.0, 10, 10]))
    >>> found.start.tolist(), found.end.tolist()
    ([0.125, 0.2, nan], [0.125, 0.4, nan])
    """
    room = extent - (high - low)
    whole = (low == np.round(low)) & (high == np.round(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        start = np.where(room > 0, np.clip(low / (room + whole), 0, 1), np.nan)
        if not whole.any():
            return Places(start, start)
        return Places(start, np.where(whole & (room > 0), np.clip((low + 1) / (room + 1), 0, 1), start))


def count(units: Ints, axes: Sequence[Places], side: int, n_units: int) -> Floats:
    """Return how many boxes of each unit lie in each cell. A box that is spread over several cells counts in parts.

    Parameters
    ----------
    units : (n,), from 0 to `n_units` − 1: the unit of each box.
    axes : the n boxes along one axis, or along x and y.
    side : into how many equal cells each axis is divided.

    Returns
    -------
    (n_units, side) of one axis, (n_units, side²) of two, where the number of a cell is that of x times `side` plus that
    of y.

    Examples
    --------
    One point, and one box that is spread over half of the second of four cells and the whole third one:

    >>> places = Places(np.array([0.1, 0.375]), np.array([0.1, 0.75]))
    >>> count(np.array([0, 0]), [places], 4, 1).round(2).tolist()
    [[1.0, 0.33, 0.67, 0.0]]
    """
    total = np.zeros((n_units, side ** len(axes)))
    for begin in range(0, len(units), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        box = np.arange(len(units[part]))
        cells, mass = np.zeros(len(box), np.int64), np.ones(len(box))
        for axis in axes:
            which, cell, share = _shares(axis.of(part).of(box), side)
            box, cells, mass = box[which], cells[which] * side + cell, mass[which] * share
        total += binned.count(units[part][box], cells, n_units, total.shape[1], mass)
    return total


def _shares(places: Places, side: int) -> tuple[Ints, Ints, Floats]:
    """The parts of boxes that lie in one cell each: the number of the box, the cell, and the share of the box."""
    box = np.arange(len(places.start))
    if not places.spread:
        return box, binned.cell(places.start, side), np.ones(len(box))
    start, end = places.start * side, places.end * side
    cell = np.minimum(start.astype(np.int64), side - 1)
    parts = []
    while len(box):
        width, inside = end - start, np.minimum(end, cell + 1) - np.maximum(start, cell)
        parts.append((box, cell, np.divide(inside, width, out=np.ones(len(box)), where=width > 0)))
        more = (end > cell + 1) & (cell + 1 < side)
        box, start, end, cell = box[more], start[more], end[more], cell[more] + 1
    boxes, cells, shares = zip(*parts, strict=True)
    return np.concatenate(boxes), np.concatenate(cells), np.concatenate(shares)


def distances(places: Places) -> tuple[float, float]:
    """Return the Kolmogorov–Smirnov and the Wasserstein distance of at least one box to U(0, 1), both exact.

    Examples
    --------
    >>> point, half = Places(np.array([0.5]), np.array([0.5])), Places(np.array([0.0]), np.array([0.5]))
    >>> distances(point), distances(half)
    ((0.5, 0.25), (0.5, 0.25))
    """
    if not places.spread:
        return uniformity.distances(np.sort(places.start))
    return _apart([places, Places(np.zeros(1), np.ones(1))])


def distances_of_two(a: Places, b: Places) -> tuple[float, float]:
    """Return the Kolmogorov–Smirnov and the Wasserstein distance between two samples of boxes, both exact.

    Examples
    --------
    >>> left, right = np.array([0.1, 0.2]), np.array([0.6, 0.7])
    >>> [round(distance, 3) for distance in distances_of_two(Places(left, left), Places(right, right))]
    [1.0, 0.5]
    """
    if a.spread or b.spread:
        return _apart([a, b])
    from scipy.stats import wasserstein_distance

    return uniformity.ks_two(np.sort(a.start), np.sort(b.start)), float(wasserstein_distance(a.start, b.start))


def _apart(two: Sequence[Places]) -> tuple[float, float]:
    """max |F − G| and ∫ |F − G| of two distribution functions that consist of straight pieces and of jumps."""
    at, turns, jumps = [], [], []
    for places, sign in zip(two, (1, -1), strict=True):
        start, end, share = _gathered(places)
        point = start == end
        slope = np.divide(sign * share, end - start, out=np.zeros(len(start)), where=~point)
        at += [start, end[~point]]
        turns += [slope, -slope[~point]]
        jumps += [point * sign * share, np.zeros(len(start) - int(point.sum()))]
    order = np.argsort(np.concatenate(at), kind="stable")
    x, jump = np.concatenate(at)[order], np.concatenate(jumps)[order]
    width = np.diff(x)
    rise = np.cumsum(np.concatenate(turns)[order])[:-1] * width
    right = np.cumsum(jump) + np.concatenate([[0], np.cumsum(rise)])
    left = right - jump
    a, b = np.abs(right[:-1]), np.abs(left[1:])
    crossing = right[:-1] * left[1:] < 0
    # A triangle to each side of a crossing, else a trapezium.
    area = np.where(crossing, (a**2 + b**2) / np.where(crossing, a + b, 1), a + b) * width / 2
    return float(max(np.abs(right).max(), np.abs(left).max())), float(area.sum())


def _gathered(places: Places) -> tuple[Floats, Floats, Floats]:
    """Start, end and share of all boxes, for each place that is taken: millions of boxes take far fewer places."""
    if len(places.start) <= FEW:
        order = np.lexsort((places.end, places.start))
        start, end = places.start[order], places.end[order]
        first = np.flatnonzero((np.diff(start, prepend=-1) != 0) | (np.diff(end, prepend=-1) != 0))
        return start[first], end[first], np.diff(first, append=len(start)) / len(start)
    parts = []
    for begin in range(0, len(places.start), PER_QUERY):
        part = places.of(slice(begin, begin + PER_QUERY))
        parts.append(pl.DataFrame({"start": part.start, "end": part.end}).group_by("start", "end").len("boxes"))
    found = pl.concat(parts).group_by("start", "end").agg(pl.col("boxes").sum()).sort("start", "end")
    return found["start"].to_numpy(), found["end"].to_numpy(), found["boxes"].to_numpy() / len(places.start)
