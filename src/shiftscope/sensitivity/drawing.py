"""Sums of one network over pictures and over resampled pictures, which grow by one block of pictures after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from shiftscope.sensitivity import DRAWS
from shiftscope.sensitivity.stored import AT_VALUE, BY_PICTURE, IN_BINS, SIGNED, WEIGHTED
from shiftscope.sensitivity.sums import Binned, Column, Ints, Sums, trials_and_scale
from shiftscope.statistics.bootstrap import resampling_weights, under
from shiftscope.statistics.moments import moments, moments_by_part
from shiftscope.statistics.permutation import random_signs
from shiftscope.statistics.ratios import Floats, Powers, Ratios, Totals, powers

CONDITIONS = "conditions"
Lists = dict[tuple[Column, str], Floats]
"""By measure and condition or swept value, and by the column of DRAWS."""


class _Whole(NamedTuple):
    """Some columns of `Sums`, over all pictures until now."""

    columns: list[Column]
    kinds: list[str]
    powers: Powers
    n_pairs: Ints

    def merged(self, other: "_Whole") -> "_Whole":
        return self._replace(powers=self.powers.merged(other.powers), n_pairs=self.n_pairs + other.n_pairs)


class Drawing:
    """What tables of measures ask of all pictures of a network.

    Where there are no more pictures than draws, sums over draws would take more room than the pictures, of which they can
    be made again: then they are not made, and of means at swept values, which nothing else keeps, the pictures are kept.

    >>> one = np.ones((2, 1))
    >>> accuracy = Sums(pl.Series(["a", "b"]), [("accuracy", "all")], one, one, one.astype(int), ["rows"])
    >>> drawing = Drawing(2, seed=0, n_resamples=1)
    >>> drawing.add(accuracy, Binned([], [], np.empty((2, 0, 10)), np.empty((2, 0, 10))), [])
    >>> drawing.table(accuracy.columns, [], [], np.zeros(10, int)).select("measure", "n_images", "numerator").row(0)
    ('accuracy', 2, 2.0)
    """

    def __init__(self, pictures: int, *, seed: int, n_resamples: int) -> None:
        """`pictures` is the number of all of them, `seed` and `n_resamples` of the bootstrap and of the random signs."""
        self.said = {"seed": seed, "n_draws": n_resamples, "is_drawn": pictures > n_resamples}
        self.weights = resampling_weights(pictures, n_resamples, seed)
        self.signs = random_signs(pictures, n_resamples, seed)
        self.pictures, self.added = pictures, 0
        self.wholes: dict[object, _Whole] = {}
        """Of `CONDITIONS`, and of each swept value."""
        self.bins: dict[str, str] = {}
        """The kind of each mean over pairs."""
        self.lists: Lists = {}

    def add(self, sums: Sums, binned: Binned, swept: Iterable[Sums]) -> None:
        """Add the next block (`bootstrap.blocks`) of pictures: their sums, those by bins of confidence, and those at one
        swept value after the other."""
        self._count(CONDITIONS, sums)
        self.bins |= dict(zip(binned.measures, binned.kinds, strict=True))
        plain = list(_pictures(sums))
        parts = [
            ((name, IN_BINS), binned.numerator[:, k], binned.denominator[:, k]) for k, name in enumerate(binned.measures)
        ]
        at_values = []
        for one in swept:
            self._count(one.columns[0][1], one)
            at_values += [part for part, kind in zip(_pictures(one), one.kinds, strict=True) if kind == "mean"]
        place = slice(self.added, self.added + len(sums.image_ids))
        self.added = place.stop
        weights, signs = next(self.weights), next(self.signs)
        if not self.said["is_drawn"]:
            self._keep(at_values, place)
            return
        means = [part for part, kind in zip(plain, sums.kinds, strict=True) if kind == "mean"]
        means += [part for part, kind in zip(parts, binned.kinds, strict=True) if kind == "mean"]
        self._draw([*means, *at_values], tuple(WEIGHTED.values()), _moments, lambda values: _and_whole(weights, values))
        self._draw([*plain, *parts], SIGNED, lambda *both: both, lambda values: under(signs, values))

    def _count(self, key: object, sums: Sums) -> None:
        nan = np.full(len(sums.columns), np.nan)
        found = _Whole(
            sums.columns, sums.kinds, powers(Ratios(sums.numerator, sums.denominator, nan, nan)), sums.counted.sum(0)
        )
        self.wholes[key] = self.wholes[key].merged(found) if key in self.wholes else found

    def _draw(
        self,
        parts: Sequence["_Pictures"],
        names: Sequence[str],
        values_of: Callable[..., Iterable[Floats]],
        sums_of: Callable[[Floats], Floats],
    ) -> None:
        """Sum what `values_of` makes of each part, one (pictures, …) for each of `names`, by `sums_of`: all at once."""
        values = [list(values_of(*pictures)) for _, *pictures in parts]
        if not values:
            return
        ends = np.cumsum([one.shape[1] for each in values for one in each])[:-1]
        side_by_side = np.concatenate([one.T for each in values for one in each]).T
        drawn = iter(np.split(sums_of(side_by_side), ends, axis=1))
        for (column, *_), each in zip(parts, values, strict=True):
            for name, one in zip(names, (next(drawn).ravel() for _ in each), strict=True):
                before = self.lists.get((column, name))
                self.lists[column, name] = one if before is None else before + one

    def _keep(self, parts: Sequence["_Pictures"], place: slice) -> None:
        """Keep the pictures of each part, which are at this `place` among all."""
        for column, *pictures in parts:
            for name, part in zip(BY_PICTURE, pictures, strict=True):
                self.lists.setdefault((column, name), np.zeros(self.pictures))[place] = part[:, 0]

    def table(self, plain: list[Column], bins: list[str], swept: list[Column], pairs: Ints) -> pl.DataFrame:
        """The rows of DRAWS of these measures and conditions, means by bins of confidence, and measures and swept values.
        `pairs`, (bins,), is how many pairs of all pictures begin in each bin."""
        rows = [*self._rows(plain, CONDITIONS)]
        for name in bins:
            said = {"measure": name, "condition": IN_BINS, "kind": self.bins[name], "pairs": pl.Series(pairs)}
            rows.append(said | self._lists_of((name, IN_BINS)))
        for value in dict.fromkeys(value for _, value in swept):
            here = [column for column in swept if column[1] == value]
            rows += [row | {"condition": AT_VALUE, "value": value} for row in self._rows(here, value)]
        # Told the type beforehand, polars would look at each number of a list by itself.
        columns = {name: pl.Series(name, [(row | self.said).get(name) for row in rows]) for name in DRAWS}
        return pl.DataFrame(columns).cast(DRAWS)

    def _rows(self, columns: list[Column], key: object) -> Iterator[dict[str, Any]]:
        if not columns:
            return
        whole = self.wholes[key]
        # A total of which nothing counts is no ratio to the number of pictures, but 0 ÷ 0.
        nothing = np.array([kind == "total" for kind in whole.kinds]) & (whole.n_pairs == 0)
        counts = np.where(nothing, 0, 1)
        counted = whole.powers._replace(
            **{name: getattr(whole.powers, name) * counts for name in ("denominator", "counted", "second", "fourth")}
        )
        totals = counted.totals(*trials_and_scale(whole.kinds, whole.n_pairs, counted.counted))
        for column in columns:
            k = whole.columns.index(column)
            lists = self._lists_of(column)
            if nothing[k] and SIGNED[1] in lists:
                lists[SIGNED[1]] = pl.Series(np.zeros(len(lists[SIGNED[1]])))
            said = {"measure": column[0], "condition": column[1], "kind": whole.kinds[k], "n_pairs": whole.n_pairs[k]}
            yield said | _numbers(totals, k) | lists

    def _lists_of(self, column: Column) -> dict[str, pl.Series]:
        return {name: pl.Series(one) for (of, name), one in self.lists.items() if of == column}


_Pictures = tuple[Column, Floats, Floats]
"""A measure with its condition or swept value, and numerators and denominators of pictures: (pictures, parts)."""


def _pictures(sums: Sums) -> Iterator[_Pictures]:
    for k, column in enumerate(sums.columns):
        yield column, sums.numerator[:, [k]], sums.denominator[:, [k]]


def _moments(numerator: Floats, denominator: Floats) -> Iterable[Floats]:
    """What is summed over resampled pictures of a mean in one part or in several."""
    return (moments if numerator.shape[1] == 1 else moments_by_part)(numerator, denominator)


def _and_whole(weights: Iterable[Floats], values: Floats) -> Floats:
    """Sums over the pictures themselves, and over resamples of them."""
    return np.concatenate([values.sum(0)[None], under(weights, values)])


def _numbers(totals: Totals, k: int) -> dict[str, Any]:
    """What DRAWS says of the totals of a measure."""
    numbers = {name: float(getattr(totals, name)[k]) for name in ("squares", "products", "weights", "fourth")}
    return {
        "n_images": totals.counted[k],
        "numerator": totals.numerator[k],
        "denominator": totals.denominator[k],
        "nonnegative": totals.nonnegative[k],
    } | {name: None if np.isnan(number) else number for name, number in numbers.items()}
