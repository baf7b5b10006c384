"""Predictions summed for each picture, some whole pictures at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sensitivity.measures import Measure, measures
from shiftscope.sensitivity.rows import frame_rows, pair_rows
from shiftscope.sensitivity.sums import Column, Sums
from shiftscope.statistics.ratios import Floats

ROWS_AT_A_TIME = 100_000
"""Rows of predictions that are read at a time."""

Measures = dict[str, Measure]


class Lot(NamedTuple):
    """Some whole pictures."""

    images: pl.DataFrame
    """image_id, in order, and `len`, the number of frames."""
    frames: pl.DataFrame
    """`rows.frame_rows`"""
    pairs: pl.DataFrame | None
    """`rows.pair_rows`; None where neighbouring steps are no neighbours."""

    @classmethod
    def of(cls, predictions: pl.DataFrame, *, ordered: bool) -> "Lot":
        """The rows that measures look at, from predictions (tables.PREDICTIONS)."""
        frames = frame_rows(predictions)
        images = frames.group_by("image_id", maintain_order=True).len()
        return cls(images, frames, pair_rows(frames) if ordered else None)

    def rows(self) -> Iterator[tuple[pl.DataFrame, Measures, Measures]]:
        """Frames, and then pairs, with the measures of them: those that need no labels, and those that do."""
        found = {entry.name: entry.item() for entry in measures}
        for over, rows in (("frames", self.frames), ("pairs", self.pairs)):
            if rows is not None:
                here = {name: one for name, one in found.items() if one.over == over}
                here = {name: one for name, one in here.items() if self.pairs is not None or not one.neighbours}
                free = {name: one for name, one in here.items() if "labels" not in measures[name].needs}
                yield rows, free, {name: one for name, one in here.items() if name not in free}


def sums(predictions: pl.DataFrame, *, ordered: bool = True) -> Sums:
    """Sums per image of every measure that `predictions` (tables.PREDICTIONS) can answer, in the order of images.

    Measures that need labels are of the images that have one, and left out where none has; those of pairs are left out
    where no image has two frames, or where steps are not `ordered`.

    >>> from shiftscope.core.tables import PREDICTIONS
    >>> rows = [{"image_id": "cat", "step": k, "top5": [k % 2], "top5_prob": [1.0]} for k in range(3)]
    >>> found = sums(pl.DataFrame(rows, schema=PREDICTIONS))
    >>> column = found.columns.index(("top1_change", "all"))
    >>> found.numerator[0, column].item(), found.denominator[0, column].item()  # both pairs change
    (2.0, 2.0)
    """
    lot = Lot.of(predictions, ordered=ordered)
    found = Conditions(len(lot.images))
    found.add(lot)
    return found.block().only(found.columns())


def whole_pictures(path: str | Path, pictures: int) -> Iterator[pl.DataFrame]:
    """The predictions (tables.PREDICTIONS) of a file, some whole pictures at a time. The rows of a picture must follow each
    other, as `stages.aggregate` writes them. Where there is no picture, one table without rows.

    No table has pictures of two blocks of so many `pictures`.
    """
    rest, room = tables.PREDICTIONS.to_frame(), pictures
    for read in tables.read_pieces(path, tables.PREDICTIONS, ROWS_AT_A_TIME):
        rest = rest.vstack(read)
        rows = rest["image_id"].rle().struct.field("len").to_list()
        while len(rows) > 1:  # the last picture may go on in the next piece
            whole = rows[:-1][:room]
            yield rest[: sum(whole)]
            rest, rows = rest[sum(whole) :], rows[len(whole) :]
            room = room - len(whole) or pictures
    yield rest


def image_ids_of(path: str | Path) -> pl.Series:
    """The pictures of a file of predictions, in order.

    Raises ShiftscopeError where they are not in the order of image_id, or the rows of one do not follow each other.
    """
    schema = pl.Schema({"image_id": tables.PREDICTIONS["image_id"]})
    read = (piece["image_id"].rle().struct.field("value") for piece in tables.read_pieces(path, schema, ROWS_AT_A_TIME))
    runs = pl.concat([pl.Series(dtype=pl.String), *read])
    image_ids = runs.rle().struct.field("value").alias("image_id")  # a picture may be in two pieces
    if not (image_ids.is_sorted() and image_ids.is_unique().all()):
        raise ShiftscopeError(f"{path}: the rows are not in the order of image_id; put the shards together again")
    return image_ids


def per_image(chosen: Measures) -> list[pl.Expr]:
    """Expressions for the sums of measures over the rows of an image: `<measure> numerator`, `counted`, and `denominator`
    where it has one.

    >>> from shiftscope.sensitivity.measures import mean
    >>> rows = pl.DataFrame({"right": [True, False], "weight": 1.0})
    >>> rows.select(per_image({"accuracy": mean("frames", pl.col("right"), share=True)})).row(0)
    (1.0, 2, 2.0)
    """
    expressions = []
    for name, measure in chosen.items():
        expressions += [measure.numerator.alias(f"{name} numerator"), measure.counted.alias(f"{name} counted")]
        if measure.denominator is not None:
            expressions.append(measure.denominator.alias(f"{name} denominator"))
    return expressions


@dataclass
class Columns:
    """The columns of `Sums` of some pictures, one by one."""

    images: int
    of_all: int
    """Pictures of the data set."""
    names: list[Column] = field(default_factory=list)
    parts: list[tuple[Floats, Floats, Floats]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, column: Column, measure: Measure, summed: pl.DataFrame) -> bool:
        """Add what `per_image` made of a measure: `summed` has a row for each image. Returns whether any image counts."""
        name = column[0]
        top, counted = (summed[f"{name} {part}"].cast(pl.Float64).to_numpy() for part in ("numerator", "counted"))
        if measure.denominator is None:
            # A total is a ratio to a constant: resampled images always make up one whole data set.
            bottom = np.full(self.images, 1 / max(1, self.of_all))
        else:
            bottom = summed[f"{name} denominator"].cast(pl.Float64).to_numpy()
        self.names.append(column)
        self.parts.append((top, bottom, counted))
        self.kinds.append("total" if measure.denominator is None else measure.share_of or "mean")
        return bool(bottom.any())

    def sums(self, image_ids: pl.Series) -> Sums:
        """All columns side by side."""
        shape = len(self.names), 3, self.images  # said, for there may be none
        numerator, denominator, counted = np.array(self.parts).reshape(shape).transpose(1, 2, 0)
        return Sums(image_ids, self.names, numerator, denominator, counted.astype(np.int64), self.kinds)


class _Question(NamedTuple):
    """Measures of the rows that meet a condition."""

    condition: str
    rows: pl.DataFrame
    asked: bool
    """Whether there are rows to choose from. Where no lot has any, the measures are left out."""
    chosen: Measures


def _questions(lot: Lot) -> Iterator[_Question]:
    for rows, free, bound in lot.rows():
        labelled = rows.filter(pl.col("right").is_not_null())
        yield _Question("all", rows, bool(len(rows)), free)
        yield _Question("all", labelled, bool(len(labelled)), bound)
        if rows is lot.pairs:
            begin_right, chosen = labelled.filter(pl.col("previous_right")), free | bound
        else:
            begin_right = labelled.filter(pl.col("right").first().over("image_id", order_by="step"))
            chosen = free
        yield _Question("right", begin_right, bool(len(labelled)), chosen)


@dataclass
class Conditions:
    """Measures under the conditions `all` and `right`, of one block of pictures after the other."""

    of_all: int
    """Pictures of the data set."""
    images: list[pl.DataFrame] = field(default_factory=list)
    """Of each lot of the block."""
    questions: list[tuple[str, Measures]] = field(default_factory=list)
    """Condition and measures."""
    summed: list[list[pl.DataFrame]] = field(default_factory=list)
    """For each question, the sums of each lot of the block, a row for each picture."""
    asked: list[bool] = field(default_factory=list)
    """For each question, whether a lot had rows to choose from."""
    several: bool = False
    """Whether a picture has several frames."""
    counting: set[Column] = field(default_factory=set)
    """Columns that a picture counts for."""

    def add(self, lot: Lot) -> None:
        """Sum over some more pictures."""
        found = list(_questions(lot))
        if not self.questions:
            self.questions = [(one.condition, one.chosen) for one in found]
            self.asked, self.summed = [False] * len(found), [[] for _ in found]
        images = lot.images.select("image_id")
        self.images.append(images)
        self.several |= bool((lot.images["len"] > 1).any())
        for place, one in enumerate(found):
            part = one.rows.group_by("image_id", maintain_order=True).agg(per_image(one.chosen))
            self.asked[place] |= one.asked
            self.summed[place].append(
                images.join(part, on="image_id", how="left", maintain_order="left").drop("image_id").fill_null(0)
            )

    def block(self) -> Sums:
        """The sums of the pictures since the last block, in the order in which they came: of all measures there are."""
        image_ids = pl.concat(self.images)["image_id"]
        found = Columns(len(image_ids), self.of_all)
        for (condition, chosen), parts in zip(self.questions, self.summed, strict=True):
            table = pl.concat(parts)
            for name, measure in chosen.items():
                if found.add((name, condition), measure, table):
                    self.counting.add((name, condition))
        self.images, self.summed = [], [[] for _ in self.questions]
        return found.sums(image_ids)

    def columns(self) -> list[Column]:
        """The measures that the pictures of all blocks can answer."""
        return [
            (name, condition)
            for (condition, chosen), asked in zip(self.questions, self.asked, strict=True)
            for name, measure in chosen.items()
            if asked
            and (self.several or measure.by_row)  # of sequences of one frame, only the means
            and (measure.over == "pairs" or (name, condition) in self.counting)  # a sequence is of the kind it is about
        ]
