"""Where boxes lie among the places that their size leaves them.

A box on whole pixels has a finite number m of places, and few where it is nearly as large as its picture. [0, 1] is divided
into m equal parts, one for each place, and the box counts as spread evenly over the part of its own place. So no random
draw decides where in this part the box lies, and yet boxes with equally likely places are exactly U(0, 1) on average. This
is the non-randomised probability integral transform (Czado, Gneiting & Held 2009, Biometrics 65, section 2). By chance
alone, boxes that are spread are less far from uniform than points are. Therefore they are compared with a null distribution
of their own, of boxes with as many places.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.randomness import generator
from shiftscope.statistics import binned, uniformity
from shiftscope.statistics.binned import CELLS, SIDE, Ints
from shiftscope.statistics.ratios import Floats
from shiftscope.statistics.uniformity import NULL_DRAWS, Single

ROOMY = 32
"""A box with at least so many places is taken for a point in the null distribution. The variance of a box is smaller than
that of a point by .67 ÷ places, which is then at most 2 %, so that the p-value errs towards caution."""
AT_ONCE = 1_000_000
"""Boxes that are counted at a time."""
DRAWS_AT_ONCE = 500
"""Draws whose deviations are computed at a time."""
BY_HAND = 256
"""Up to so many boxes, or places, the null distribution is drawn box by box; beyond, their sum is taken for normal."""


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
    boxes = pl.DataFrame({"start": places.start, "end": places.end})
    found = boxes.group_by("start", "end").len("boxes").sort("start", "end")
    return found["start"].to_numpy(), found["end"].to_numpy(), found["boxes"].to_numpy() / len(boxes)


def p_value(counts: Floats, *axes: Places) -> float:
    """Return the p-value of the largest deviation from uniformity of n independent boxes, of which one at least is spread.

    The null hypothesis is that each box has each of its places equally likely. The deviation is taken at the ends of 32
    cells, or of both axes at the corners of 8 × 8 cells. The p-value is by Monte Carlo, 9,999 draws that depend on the
    numbers of places alone; for its tail see `uniformity.tail_p`.

    Parameters
    ----------
    counts : (CELLS,) of one axis, (SIDE²,) of two: all boxes together, from `count`.
    axes : the n boxes along one axis, or along x and y.

    Examples
    --------
    Twenty boxes with two places each, ten at either place and all at the first one:

    >>> first, second = np.zeros(20), np.repeat([0.0, 0.5], 10)
    >>> even, odd = Places(second, second + 0.5), Places(first, first + 0.5)
    >>> p = [p_value(count(first.astype(int), [places], CELLS, 1)[0], places) for places in (even, odd)]
    >>> p[0] > 0.9, p[1] < 1e-4
    (True, True)
    """
    deviations = binned.line if len(axes) == 1 else binned.plane
    side = CELLS if len(axes) == 1 else SIDE
    cells = side ** len(axes)
    root = np.sqrt(len(axes[0].start))
    observed = float(np.abs(deviations(counts)).max() / root)
    drawn = _drawn(_kinds(axes), side, cells)
    linear = deviations(np.eye(cells)).astype(np.float32)
    largest = np.concatenate(
        [np.abs(drawn[k : k + DRAWS_AT_ONCE] @ linear).max(-1) for k in range(0, len(drawn), DRAWS_AT_ONCE)]
    )
    # Of a point, F(1 − F) is a quarter at most, and of what is spread it is less.
    return uniformity.tail_p(observed, largest / root, 0.25)


def _kinds(axes: Sequence[Places]) -> dict[tuple[int, ...], int]:
    """How many boxes have how many places along each axis; ROOMY stands for itself and all larger numbers."""
    shape = (ROOMY + 1,) * len(axes)
    of_boxes = np.ravel_multi_index(tuple(_rooms(axis) for axis in axes), shape)
    many = np.bincount(of_boxes)
    kinds = np.flatnonzero(many)
    rooms = zip(*(numbers.tolist() for numbers in np.unravel_index(kinds, shape)), strict=True)
    return dict(zip(rooms, many[kinds].tolist(), strict=True))


def _rooms(places: Places) -> Ints:
    """How many places each box has, at most ROOMY."""
    width = places.end - places.start
    many = np.divide(1, width, out=np.full(len(width), float(ROOMY)), where=width > 1 / (ROOMY + 0.5))
    return np.asarray(np.minimum(np.rint(many), ROOMY), dtype=np.int64)


@lru_cache(maxsize=2 * ROOMY)
def _along(m: int, side: int) -> Floats:
    """How much of a box at each of its `m` places lies in each of `side` cells: (places, side)."""
    if m >= ROOMY:
        return np.eye(side)
    start, cell = np.arange(m)[:, None] * (side / m), np.arange(side)
    inside = np.minimum(start + side / m, cell + 1) - np.maximum(start, cell)
    return np.asarray(np.maximum(inside, 0) * (m / side))


def _masses(rooms: tuple[int, ...], side: int) -> Floats:
    """How much of a box at each of its places lies in each cell, along all axes: (places, cells)."""
    return _product(_along(m, side) for m in rooms)


def _product(matrices: Iterable[Floats]) -> Floats:
    """The Kronecker product of the matrices, in their order."""
    found: Floats = np.ones((1, 1))
    for matrix in matrices:
        found = np.asarray(np.kron(found, matrix), dtype=np.float64)
    return found


def _drawn(kinds: dict[tuple[int, ...], int], side: int, cells: int) -> Single:
    """Counts in the cells, less what is expected, of boxes whose places are drawn at random: (NULL_DRAWS, cells)."""
    few = {rooms: many for rooms, many in kinds.items() if min(rooms) < ROOMY}
    points = sum(kinds.values()) - sum(few.values())
    drawn = uniformity.uniform_deviations(points, cells)
    rng = generator(points, "places", *(f"{rooms} {many}" for rooms, many in few.items()))
    if sum(min(many, prod(rooms)) for rooms, many in few.items()) > BY_HAND:
        return np.asarray(drawn + _normal(few, side, cells, rng))
    for rooms, many in few.items():
        masses = (_masses(rooms, side) - 1 / cells).astype(np.float32)
        if many > len(masses):
            of_places = rng.multinomial(many, np.full(len(masses), 1 / len(masses)), NULL_DRAWS)
            drawn += of_places.astype(np.float32) @ masses
            continue
        for _ in range(many):
            drawn += masses[rng.integers(len(masses), size=NULL_DRAWS)]
    return drawn


def _normal(kinds: dict[tuple[int, ...], int], side: int, cells: int, rng: np.random.Generator) -> Single:
    """As `_drawn`, but normal random numbers of the same covariance."""
    covariance = np.zeros((cells, cells))
    for rooms, many in kinds.items():
        moments = _product(of.T @ of / len(of) for of in (_along(m, side) for m in rooms))
        covariance += many * (moments - 1 / cells**2)
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
    return np.asarray(rng.standard_normal((NULL_DRAWS, cells), dtype=np.float32) @ root)
