"""Means over the frames or pairs of a picture in parts: pairs by the confidence with which they begin, and frames or pairs
by the swept value."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from shiftscope.sensitivity.confidence import BINS, bin_of
from shiftscope.sensitivity.summing import Columns, Lot, Measures, per_image
from shiftscope.sensitivity.sums import Binned, Column, Ints, Sums
from shiftscope.statistics.ratios import Floats

MOST_VALUES = 400
"""A protocol that sweeps more values than that (random places, angles, …) has no curve."""


def _means(chosen: Measures) -> Measures:
    return {name: measure for name, measure in chosen.items() if measure.by_row}


@dataclass
class Confidences:
    """Means over pairs by the bin of confidence with which a pair begins, of one block of pictures after the other."""

    images: int = 0
    """Of the block."""
    parts: dict[str, list[tuple[Floats, Floats]]] = field(default_factory=dict)
    """For each measure the numerators and denominators of each lot of the block, (images, bins)."""
    pairs: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """(bins,): how many pairs of all pictures begin there."""
    kinds: dict[str, str] = field(default_factory=dict)
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

    def block(self) -> Binned:
        """The sums of the pictures since the last block, in the order in which they came: of all measures there are."""
        found = np.zeros((2, self.images, len(self.parts), BINS))
        for k, lots in enumerate(self.parts.values()):
            for what in range(2):
                found[what, :, k] = np.concatenate([lot[what] for lot in lots])
        self.images, self.parts = 0, {name: [] for name in self.parts}
        return Binned(list(self.kinds), list(self.kinds.values()), found[0], found[1])

    def measures(self) -> list[str]:
        """The measures that the pictures of all blocks can answer."""
        return [name for name in self.kinds if name in self.asked]


@dataclass
class Sweep:
    """Means over frames and pairs by the swept value, of one block of pictures after the other."""

    images: int = 0
    """Of the block."""
    summed: list[dict[float, list[pl.DataFrame]]] = field(default_factory=list)
    """For each question and value, the sums of each lot of the block, a row for each picture, as its `place` there."""
    questions: list[Measures] = field(default_factory=list)
    values: set[float] = field(default_factory=set)
    asked: set[tuple[int, float]] = field(default_factory=set)
    """The number of a question, and a value that has rows for it."""
    counting: set[Column] = field(default_factory=set)
    """Measures and values that a picture counts for."""

    def add(self, lot: Lot) -> None:
        """Sum over some more pictures."""
        places = lot.images.select("image_id").with_row_index("place", offset=self.images)
        self.images += len(lot.images)
        if not self.too_many():
            self.values |= set(lot.frames["value"].unique())
        found = []
        for rows, free, bound in lot.rows():
            found += [(rows, _means(free)), (rows.filter(pl.col("right").is_not_null()), _means(bound))]
        self.questions = [chosen for _, chosen in found]
        self.summed = [] if self.too_many() else self.summed or [{} for _ in found]
        for number, ((rows, chosen), kept) in enumerate(zip(found, self.summed, strict=False)):
            part = rows.group_by("image_id", "value").agg(_small(chosen)).join(places, on="image_id", how="left")
            for (value,), of_value in part.drop("image_id").partition_by("value", as_dict=True, include_key=False).items():
                kept.setdefault(value, []).append(of_value)
                self.asked.add((number, value))

    def too_many(self) -> bool:
        """Whether more values are swept than a curve can show."""
        return len(self.values) > MOST_VALUES

    def block(self) -> Iterator[Sums]:
        """The sums of the pictures since the last block, at one value after the other; columns are measure and value. None
        where there are too many values."""
        images, summed = self.images, self.summed
        self.images, self.summed = 0, []
        every = pl.DataFrame({"place": pl.arange(images, dtype=pl.UInt32, eager=True)})
        for value in sorted({value for parts in summed for value in parts}):
            found = Columns(images, images)
            for chosen, parts in zip(self.questions, summed, strict=True):
                none = pl.DataFrame(schema={"place": pl.UInt32, **dict.fromkeys(map(_name, _small(chosen)), pl.Float64)})
                table = every.join(pl.concat(parts.get(value, [none])), on="place", how="left", maintain_order="left")
                table = table.fill_null(0)
                for name, measure in chosen.items():
                    # In a mean over rows, what counts is what the denominator counts.
                    counted = pl.col(f"{name} denominator").alias(f"{name} counted")
                    if found.add((name, value), measure, table.with_columns(counted)):
                        self.counting.add((name, value))
            yield found.sums(pl.Series(dtype=pl.String))

    def columns(self) -> list[Column]:
        """The measures and values that the pictures of all blocks can answer. None where there is only one value, or too
        many."""
        return [
            (name, value)
            for value in sorted(self.values)
            for number, chosen in enumerate(self.questions)
            for name, measure in chosen.items()
            if 1 < len(self.values) <= MOST_VALUES
            and (number, value) in self.asked
            and (measure.over == "pairs" or (name, value) in self.counting)
        ]


def _name(expression: pl.Expr) -> str:
    return expression.meta.output_name()


def _small(chosen: Measures) -> list[pl.Expr]:
    """`per_image` of means over rows in as little memory as will do: numbers of rows are exact in 32 bits."""
    wide = [f"{name} numerator" for name, measure in chosen.items() if measure.share_of is None]
    return [
        one if _name(one) in wide else one.cast(pl.Float32)
        for one in per_image(chosen)
        if not _name(one).endswith(" counted")
    ]
