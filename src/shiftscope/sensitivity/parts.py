"""Means over the frames or pairs of a picture in parts: pairs by the confidence with which they begin, and frames or pairs
by the swept value."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from shiftscope.sensitivity.confidence import BINS, bin_of
from shiftscope.sensitivity.summing import Columns, Lot, Measures, per_image
from shiftscope.sensitivity.sums import Binned, Ints, Sums
from shiftscope.statistics.ratios import Floats

MOST_VALUES = 400
"""A protocol that sweeps more values than that (random places, angles, …) has no curve."""


def _means(chosen: Measures) -> Measures:
    return {name: measure for name, measure in chosen.items() if measure.by_row}


@dataclass
class Confidences:
    """Means over pairs by the bin of confidence with which a pair begins."""

    images: int = 0
    pairs: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """(bins,): how many pairs of all pictures begin there."""
    kinds: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[tuple[Floats, Floats]]] = field(default_factory=dict)
    """For each measure the numerators and denominators of each lot, (images, bins)."""
    asked: set[str] = field(default_factory=set)
    """Measures for which a lot had pairs to choose from."""

    def add(self, lot: Lot) -> None:
        """Sum over some more pictures."""
        self.images += len(lot.images)
        for rows, *kinds_of_measure in lot.rows():
            if rows is not lot.pairs:
                continue
            begins = bin_of(rows["top1_prob_before"].to_numpy())
            self.pairs += np.bincount(begins, minlength=BINS)
            table = rows.with_columns(pl.Series("bin", begins))
            for chosen, seen in zip(kinds_of_measure, (table, table.filter(pl.col("right").is_not_null())), strict=True):
                self._add(_means(chosen), seen, lot.images)

    def _add(self, chosen: Measures, rows: pl.DataFrame, images: pl.DataFrame) -> None:
        summed = rows.group_by("image_id", "bin", maintain_order=True).agg(per_image(chosen))
        cells = summed.join(images.with_row_index("place"), on="image_id", how="left", maintain_order="left")
        place, column = cells["place"].to_numpy(), cells["bin"].to_numpy()
        for name, measure in chosen.items():
            self.kinds[name] = measure.share_of or "mean"
            self.asked |= {name} if len(rows) else set()
            found = np.zeros((2, len(images), BINS))
            for part, what in zip(found, ("numerator", "denominator"), strict=True):
                part[place, column] = cells[f"{name} {what}"].cast(pl.Float64).to_numpy()
            self.parts.setdefault(name, []).append((found[0], found[1]))

    def binned(self) -> Binned:
        """The sums of all pictures, in the order in which they came."""
        names = [name for name in self.parts if name in self.asked]
        found = np.zeros((2, self.images, len(names), BINS))
        for k, name in enumerate(names):
            for what in range(2):
                found[what, :, k] = np.concatenate([part[what] for part in self.parts[name]])
        return Binned(names, [self.kinds[name] for name in names], found[0], found[1])


@dataclass
class Sweep:
    """Means over frames and pairs by the swept value."""

    images: int = 0
    values: set[float] = field(default_factory=set)
    questions: list[Measures] = field(default_factory=list)
    summed: list[dict[float, list[pl.DataFrame]]] = field(default_factory=list)
    """For each question and value, the sums of each lot, a row for each picture, as its `place`."""

    def add(self, lot: Lot) -> None:
        """Sum over some more pictures."""
        places = lot.images.select("image_id").with_row_index("place", offset=self.images)
        self.images += len(lot.images)
        if len(self.values) <= MOST_VALUES:
            self.values |= set(lot.frames["value"].unique())
        if len(self.values) > MOST_VALUES:
            self.summed = []
            return
        found = []
        for rows, free, bound in lot.rows():
            found += [(rows, _means(free)), (rows.filter(pl.col("right").is_not_null()), _means(bound))]
        self.questions = [chosen for _, chosen in found]
        self.summed = self.summed or [{} for _ in found]
        for (rows, chosen), kept in zip(found, self.summed, strict=True):
            part = rows.group_by("image_id", "value").agg(_small(chosen)).join(places, on="image_id", how="left")
            for (value,), of_value in part.drop("image_id").partition_by("value", as_dict=True, include_key=False).items():
                kept.setdefault(value, []).append(of_value)

    def sums(self, image_ids: list[str]) -> Iterator[Sums]:
        """The sums of all pictures at one value after the other; columns are measure and value. None where there is only
        one value, or too many."""
        if not 1 < len(self.values) <= MOST_VALUES:
            return
        every = pl.DataFrame({"place": pl.arange(self.images, dtype=pl.UInt32, eager=True)})
        for value in sorted({value for parts in self.summed for value in parts}):
            found = Columns(self.images)
            for chosen, parts in zip(self.questions, self.summed, strict=True):
                if chosen and value in parts:
                    table = pl.concat(parts[value])
                    table = every.join(table, on="place", how="left", maintain_order="left").fill_null(0)
                    for name, measure in chosen.items():
                        # In a mean over rows, what counts is what the denominator counts.
                        counted = pl.col(f"{name} denominator").alias(f"{name} counted")
                        found.add((name, value), measure, table.with_columns(counted))
            yield found.sums(image_ids)


def _small(chosen: Measures) -> list[pl.Expr]:
    """`per_image` of means over rows in as little memory as will do: numbers of rows are exact in 32 bits."""
    wide = [f"{name} numerator" for name, measure in chosen.items() if measure.share_of is None]
    return [
        one if one.meta.output_name() in wide else one.cast(pl.Float32)
        for one in per_image(chosen)
        if not one.meta.output_name().endswith(" counted")
    ]
