"""The measures of one network on one protocol, as sums for each picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.statistics.ratios import Floats, Ratios

Cell = tuple[str, str]
"""Protocol and network."""
Column = tuple[str, Any]
"""Measure, and condition (`all`, `right`, `matched`) or swept value."""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """Measures of one network on one protocol, as sums per image."""

    image_ids: pl.Series
    columns: list[Column]
    numerator: Floats
    """(images, columns)"""
    denominator: Floats
    counted: Ints
    """(images, columns): rows that count."""
    kinds: list[str]
    """What each column is: a share of `rows` or of `images`, a `total` of events in rows, or another `mean`."""

    def of(self, image_ids: pl.Series, columns: list[Column]) -> Ratios:
        """The ratios of these images and columns, in this order. A total is over these images alone."""
        return self.at(places(image_ids, self.image_ids), columns)

    def at(self, places: Ints | None, columns: list[Column]) -> Ratios:
        """As `of`, where images are given by their places; None stands for all."""
        own = self if columns == self.columns else self.only(columns)
        rows = slice(None) if places is None else places
        # Each measure lies in one piece of memory, however the sums came: so numpy adds them in the same order.
        numerator, denominator = np.asfortranarray(own.numerator[rows]), np.asfortranarray(own.denominator[rows])
        counted = np.asfortranarray(own.counted[rows])
        total = np.array([kind == "total" for kind in own.kinds], dtype=bool)
        n_rows = counted.sum(0)
        if total.any():
            denominator = np.asfortranarray(np.where(total, (n_rows > 0) / max(1, len(counted)), denominator))
        return Ratios(numerator, denominator, *trials_and_scale(own.kinds, n_rows, (denominator != 0).sum(0)))

    @property
    def ratios(self) -> Ratios:
        """The ratios of all images and columns."""
        return self.at(None, self.columns)

    def only(self, columns: list[Column]) -> "Sums":
        """These columns alone."""
        chosen = [self.columns.index(column) for column in columns]
        numerator, denominator, counted = self.numerator[:, chosen], self.denominator[:, chosen], self.counted[:, chosen]
        return Sums(self.image_ids, columns, numerator, denominator, counted, [self.kinds[place] for place in chosen])

    def beside(self, other: "Sums") -> "Sums":
        """These columns and those of `other`, which has the same images."""
        parts = ((one, getattr(other, name)) for name, one in vars(self).items() if isinstance(one, np.ndarray))
        numerator, denominator, counted = (np.concatenate(both, axis=1) for both in parts)
        columns, kinds = self.columns + other.columns, self.kinds + other.kinds
        return Sums(self.image_ids, columns, numerator, denominator, counted, kinds)


def places(wanted: pl.Series, image_ids: pl.Series) -> Ints:
    """Where each of the `wanted` images is among `image_ids`, all of which are different. Raises KeyError where one is not.

    >>> places(pl.Series(["b", "a"]), pl.Series(["a", "b", "c"])).tolist()
    [1, 0]
    """
    known = pl.DataFrame({"image_id": image_ids}).with_row_index("place")
    found = pl.DataFrame({"image_id": wanted}).join(known, on="image_id", how="left", maintain_order="left")["place"]
    if found.has_nulls():
        raise KeyError(wanted.filter(found.is_null())[0])
    return np.asarray(found.to_numpy(), dtype=np.int64)


def trials_and_scale(kinds: list[str], rows: Ints, images: Ints) -> tuple[Floats, Floats]:
    """Of how many trials measures are shares at most, and how large they can be, each (m,), see `Ratios`.

    `kinds` are those of `Sums`; `rows` and `images`, (m,), are the numbers of frames or pairs, and of pictures, that count.

    >>> rows, images = np.array([8, 8, 8]), np.array([2, 2, 2])
    >>> [part.tolist() for part in trials_and_scale(["rows", "images", "total"], rows, images)]
    [[8.0, 2.0, 8.0], [1.0, 1.0, 8.0]]
    """
    by_kind = {"rows": rows, "total": rows, "images": images, "mean": np.full(len(kinds), np.nan)}
    trials = np.array([by_kind[kind][column] for column, kind in enumerate(kinds)], dtype=np.float64)
    total = np.array([kind == "total" for kind in kinds], dtype=bool)
    return trials, np.where(total, np.maximum(rows, 1), 1.0)


@dataclass(frozen=True)
class Binned:
    """The means over pairs in parts: the pairs of a picture by the bin of confidence in which they begin (`confidence`)."""

    measures: list[str]
    kinds: list[str]
    """As in `Sums`."""
    numerator: Floats
    """(images, measures, bins)"""
    denominator: Floats
    """(images, measures, bins): how many pairs count."""

    def only(self, measures: list[str]) -> "Binned":
        """These measures alone."""
        chosen = [self.measures.index(name) for name in measures]
        kinds = [self.kinds[place] for place in chosen]
        return Binned(measures, kinds, self.numerator[:, chosen], self.denominator[:, chosen])

    def matched(self, image_ids: pl.Series, weights: Floats) -> Sums:
        """The same means with `weights`, (bins,), on the pairs: under the condition `matched`.

        >>> one = np.zeros((1, 1, 10))
        >>> one[0, 0, [0, 9]] = 1
        >>> binned = Binned(["top1_change"], ["rows"], one, 2 * one)
        >>> found = binned.matched(pl.Series(["a"]), np.array([3.0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
        >>> found.columns, found.numerator.item(), found.denominator.item(), found.counted.item()
        ([('top1_change', 'matched')], 3.0, 6.0, 2)
        """
        return Sums(
            image_ids,
            [(name, "matched") for name in self.measures],
            self.numerator @ weights,
            self.denominator @ weights,
            (self.denominator @ (weights > 0)).astype(np.int64),
            self.kinds,
        )
