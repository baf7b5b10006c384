"""How far from uniform boxes with few places are by chance: the p-value of what `places` describes."""

from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from math import prod

import numpy as np

from shiftscope.bias.places import AT_ONCE, Places
from shiftscope.core.randomness import generator
from shiftscope.statistics import binned, uniformity
from shiftscope.statistics.binned import CELLS, SIDE, Ints
from shiftscope.statistics.ratios import Floats
from shiftscope.statistics.uniformity import NULL_DRAWS, Single

ROOMY = 32
"""A box with at least so many places is taken for a point in the null distribution. The variance of a box is smaller than
that of a point by .67 ÷ places, which is then at most 2 %, so that the p-value errs towards caution."""
DRAWS_AT_ONCE = 500
"""Draws whose deviations are computed at a time."""
IN_CACHE = 2**16
"""Numbers of draws to which boxes are added at a time, so that they stay in the cache of the processor."""
BY_HAND = 256
"""Up to so many boxes, or places, the null distribution is drawn box by box; beyond, their sum is taken for normal."""
DEVIATIONS = {1: binned.line, 2: binned.plane}
"""How counts become deviations, by the number of axes."""


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

    >>> from shiftscope.bias.places import count
    >>> first, second = np.zeros(20), np.repeat([0.0, 0.5], 10)
    >>> even, odd = Places(second, second + 0.5), Places(first, first + 0.5)
    >>> p = [p_value(count(first.astype(int), [places], CELLS, 1)[0], places) for places in (even, odd)]
    >>> p[0] > 0.9, p[1] < 1e-4
    (True, True)
    """
    deviations = DEVIATIONS[len(axes)]
    side = CELLS if len(axes) == 1 else SIDE
    cells = side ** len(axes)
    root = np.sqrt(len(axes[0].start))
    observed = float(np.abs(deviations(counts)).max() / root)
    drawn = _drawn(_kinds(axes), side, cells)
    largest = np.concatenate(
        [_largest(drawn[k : k + DRAWS_AT_ONCE], len(axes)) for k in range(0, len(drawn), DRAWS_AT_ONCE)]
    )
    # Of a point, F(1 − F) is a quarter at most, and of what is spread it is less.
    return uniformity.tail_p(observed, largest / root, 0.25)


def _largest(drawn: Single, n_axes: int) -> Single:
    """The largest |deviation| of each of the draws: (draws, cells) to (draws,)."""
    apart = drawn @ _linear(drawn.shape[1], n_axes)
    np.abs(apart, out=apart)
    # Along a short row numpy takes longer for the row than for its numbers.
    return np.asarray(apart.T.copy().max(0) if n_axes == 1 else apart.max(1))


@lru_cache(maxsize=4)
def _linear(cells: int, n_axes: int) -> Single:
    """The matrix that turns counts into deviations: (cells, deviations). Of columns that are equal, or opposite, one is
    left, and none that is 0, as there are on the edges of the square."""
    columns = DEVIATIONS[n_axes](np.eye(cells)).T
    signs = np.array([np.sign(column[np.flatnonzero(column)[:1]]).sum() for column in columns])
    _, first = np.unique(columns * signs[:, None], axis=0, return_index=True)
    return np.ascontiguousarray(columns[np.sort(first[signs[first] != 0])].T.astype(np.float32))


def _kinds(axes: Sequence[Places]) -> dict[tuple[int, ...], int]:
    """How many boxes have how many places along each axis; ROOMY stands for itself and all larger numbers."""
    shape = (ROOMY + 1,) * len(axes)
    many = np.zeros(prod(shape), np.int64)
    for begin in range(0, len(axes[0].start), AT_ONCE):
        rooms = tuple(_rooms(axis.of(slice(begin, begin + AT_ONCE))) for axis in axes)
        many += np.bincount(np.ravel_multi_index(rooms, shape), minlength=len(many))
    kinds = np.flatnonzero(many)
    numbers = zip(*(along.tolist() for along in np.unravel_index(kinds, shape)), strict=True)
    return dict(zip(numbers, many[kinds].tolist(), strict=True))


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

    def kron(a: Floats, b: Floats) -> Floats:  # numpy's, which takes any number of axes, takes ten times as long
        return (a[:, None, :, None] * b[None, :, None, :]).reshape(len(a) * len(b), -1)

    return reduce(kron, matrices)


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
        _add(drawn, masses, rng.integers(len(masses), size=(many, NULL_DRAWS)))
    return drawn


def _add(drawn: Single, masses: Single, which: Ints) -> None:
    """Add to each of the draws, (draws, cells), the `masses` (places, cells) at the places `which`, (boxes, draws), one box
    after the other."""
    at_once = IN_CACHE // drawn.shape[1]
    here = np.empty((at_once, drawn.shape[1]), np.float32)
    for begin in range(0, len(drawn), at_once):
        part = drawn[begin : begin + at_once]
        for places in which[:, begin : begin + at_once]:
            part += masses.take(places, axis=0, out=here[: len(part)], mode="clip")


def _normal(kinds: dict[tuple[int, ...], int], side: int, cells: int, rng: np.random.Generator) -> Single:
    """As `_drawn`, but normal random numbers of the same covariance."""
    covariance = np.zeros((cells, cells))
    for rooms, many in kinds.items():
        moments = _product(of.T @ of / len(of) for of in (_along(m, side) for m in rooms))
        covariance += many * (moments - 1 / cells**2)
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
    return np.asarray(rng.standard_normal((NULL_DRAWS, cells), dtype=np.float32) @ root)
