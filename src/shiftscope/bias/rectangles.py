"""Rectangles of a table as arrays, category by category, and what is asked of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.bias.places import Places, feasible
from shiftscope.statistics.binned import Ints
from shiftscope.statistics.ratios import Floats

ALL = "(all)"
"""The category that stands for all of them together."""

EDGE = 1.0
"""px: a box that is nearer to an edge of its picture touches it."""

CORNERS = ("x_min", "y_min", "x_max", "y_max")


class Side(NamedTuple):
    """One axis of rectangles."""

    low: Floats
    """px"""
    high: Floats
    extent: NDArray[np.int32]
    """px, of the picture."""

    def part(self, start: int, end: int) -> "Side":
        return Side(self.low[start:end], self.high[start:end], self.extent[start:end])


class Rectangles(NamedTuple):
    """Rectangles in the order of their pictures."""

    x: Side
    y: Side
    picture: Ints
    """Number of the picture of each, 0 to `n_pictures` − 1."""
    n_pictures: int
    margin: float
    """px at each edge of a picture that none reaches into, because those that did were left out."""

    def __len__(self) -> int:
        return len(self.picture)

    def places(self, quantity: str, null: str) -> Places:
        """A quantity of one axis or of the whole rectangle: (n,); nan where it leaves nothing to ask."""
        if null == "feasible":
            side = self.x if quantity.endswith("_x") else self.y
            extent = side.extent.astype(np.float64) - 2 * self.margin
            return feasible(side.low - self.margin, side.high - self.margin, extent)
        values = self._values(quantity)
        return Places(values, values)

    def _values(self, quantity: str) -> Floats:
        if quantity.endswith(("_x", "_y")):
            side = self.x if quantity.endswith("_x") else self.y
            return np.asarray(np.clip((side.low + side.high) / 2 / side.extent, 0, 1))
        width, height = (side.high - side.low for side in (self.x, self.y))
        if quantity == "width":
            return np.asarray(np.clip(width / self.x.extent, 0, 1))
        if quantity == "height":
            return np.asarray(np.clip(height / self.y.extent, 0, 1))
        if quantity == "area":
            return np.asarray(np.clip(width / self.x.extent * (height / self.y.extent), 0, 1))
        if quantity == "distance":  # of the two ends of a diagonal
            return np.asarray(np.hypot(width, height) / self.x.extent)
        with np.errstate(divide="ignore", invalid="ignore"):
            if quantity == "aspect":
                return np.where(height > 0, width / height, np.nan)
            if quantity == "flatness":  # the aspect on a scale that has two ends
                return np.asarray(width / (width + height))
        raise ValueError(f"unknown quantity {quantity!r}")


@dataclass(frozen=True)
class Grouped:
    """All rectangles of a table, ordered by category; those without one come first."""

    together: Rectangles
    categories: Sequence[str]
    starts: Ints
    """Where each category begins, and where the last one ends."""

    def __iter__(self) -> Iterator[tuple[str, Rectangles]]:
        """All together, then category by category."""
        yield ALL, self.together
        for name in self.categories:
            yield name, self.of(name)

    def of(self, category: str) -> Rectangles:
        """Those of one category; none where there is no such category."""
        if category == ALL:
            return self.together
        everything = self.together
        k = self.categories.index(category) if category in self.categories else None
        start, end = (0, 0) if k is None else (int(self.starts[k]), int(self.starts[k + 1]))
        picture = everything.picture[start:end]
        number = np.cumsum(np.diff(picture, prepend=picture[:1]) != 0)
        n_pictures = int(number[-1]) + 1 if len(number) else 0
        return Rectangles(
            everything.x.part(start, end), everything.y.part(start, end), number, n_pictures, everything.margin
        )


def kept(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    crowd: bool = False,
    difficult: bool = True,
    truncated: bool = True,
    edge: bool = True,
) -> pl.LazyFrame:
    """The boxes without those that are a crowd, difficult, truncated, or touch an edge of the picture, where these are not
    to be kept. A box of which it is not known is none of them."""
    lazy = boxes.lazy()
    for kind, keep in {"crowd": crowd, "difficult": difficult, "truncated": truncated, "edge": edge}.items():
        if not keep:
            lazy = lazy.filter(~is_of(lazy, kind))
    return lazy


def is_of(boxes: pl.LazyFrame, kind: str) -> pl.Expr:
    """Whether a box is of a `kind`: crowd, difficult, truncated or edge."""
    if kind == "edge":
        low, high = pl.min_horizontal("x_min", "y_min"), [pl.col(f"{a}_max") + EDGE for a in "xy"]
        return (low < EDGE) | (high[0] > pl.col("image_width")) | (high[1] > pl.col("image_height"))
    name = f"is_{kind}"
    return pl.col(name).fill_null(value=False) if name in boxes.collect_schema() else pl.lit(value=False)


def grouped(boxes: pl.LazyFrame, margin: float = 0.0) -> Grouped:
    """What is needed of a table of boxes, as arrays. Boxes whose corners are not known are left out."""
    boxes = boxes.filter(pl.all_horizontal(pl.col(*CORNERS).is_finite()))
    found = boxes.select(pl.col("category").unique()).collect(engine="streaming")["category"]
    categories = found.drop_nulls().sort().to_list()
    table = boxes.select(
        pl.col("category").cast(pl.Enum(categories)).to_physical().cast(pl.Int64).fill_null(-1),
        pl.col("image_id").hash(),
        pl.col(*CORNERS).cast(pl.Float64),
        pl.col("image_width", "image_height").cast(pl.Int32),
    ).collect(engine="streaming")
    picture, n_pictures = _numbered(table["image_id"])
    category = table["category"].to_numpy()
    table = table.drop("image_id", "category")
    order = np.argsort((category + 1) * max(n_pictures, 1) + picture, kind="stable")
    starts = np.concatenate([[(category < 0).sum()], np.bincount(category[category >= 0], minlength=len(categories))])

    def side(low: str, high: str, extent: str) -> Side:
        return Side(*(table[name].to_numpy()[order] for name in (low, high, extent)))

    x, y = side("x_min", "x_max", "image_width"), side("y_min", "y_max", "image_height")
    return Grouped(Rectangles(x, y, picture[order], n_pictures, margin), categories, np.cumsum(starts))


def _numbered(keys: pl.Series) -> tuple[Ints, int]:
    """Numbers of equal keys in the order of their first appearance, and how many there are."""
    n_keys = keys.n_unique()
    hashes = keys.to_numpy()
    runs = np.diff(hashes, prepend=hashes[:1]) != 0
    if int(runs.sum()) + 1 == n_keys:  # those of a picture stand together
        return np.cumsum(runs), n_keys
    _, first, number = np.unique(hashes, return_index=True, return_inverse=True)
    rank = np.empty(n_keys, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(n_keys)
    return rank[number], n_keys
