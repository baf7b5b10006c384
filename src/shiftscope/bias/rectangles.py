"""The rectangles of a table as arrays, category by category, and the quantities that are computed from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.bias.places import AT_ONCE, Places, feasible
from shiftscope.statistics.binned import Ints
from shiftscope.statistics.ratios import Floats

ALL = "(all)"
"""The category that stands for all of them together."""

CORNERS = ("x_min", "y_min", "x_max", "y_max")


class Side(NamedTuple):
    """Rectangles along one axis, each array (n,) in px."""

    low: Floats
    """The left or the upper side."""
    high: Floats
    """The right or the lower side."""
    extent: NDArray[np.int32]
    """The width or the height of the picture."""

    def part(self, start: int, end: int) -> "Side":
        """Return the rectangles from number `start` to before `end`."""
        return Side(self.low[start:end], self.high[start:end], self.extent[start:end])


class Rectangles(NamedTuple):
    """n rectangles, those of one picture one behind the other."""

    x: Side
    y: Side
    picture: Ints
    """(n,): the number of the picture that each is in, from 0 to `n_pictures` − 1."""
    n_pictures: int
    margin: float
    """px at each edge of a picture into which no rectangle reaches, because those that did were left out."""

    def __len__(self) -> int:
        return len(self.picture)

    def places(self, quantity: str, null: str) -> Places:
        """Return the values of a quantity under a null hypothesis: (n,), in [0, 1] for all but aspect and distance.

        Parameters
        ----------
        quantity : ``centre_x``, ``midpoint_y`` and the like, ``width``, ``height`` and ``area``, shares of the picture;
            ``distance`` of the two ends of a diagonal, in widths of the picture; ``aspect``, width ÷ height; ``flatness``,
            width ÷ (width + height).
        null : ``feasible`` for the place of the centre among those that its size leaves a rectangle (`places.feasible`),
            else the value itself.

        Returns
        -------
        The places; nan where a rectangle has no such value: it has no height, or fills the picture and has one place only.

        Raises
        ------
        ValueError
            For a quantity that is none of these.

        Examples
        --------
        A rectangle of 2 × 4 px whose left upper corner is at (1.5, 0.5), in a picture of 8 × 8 px:

        >>> side = np.array([8], np.int32)
        >>> x, y = Side(np.array([1.5]), np.array([3.5]), side), Side(np.array([0.5]), np.array([4.5]), side)
        >>> one = Rectangles(x, y, np.array([0]), 1, margin=0.0)
        >>> [float(one.places("centre_x", null).start[0]) for null in ("naive", "feasible")]
        [0.3125, 0.25]
        >>> [float(one.places(quantity, "naive").start[0]) for quantity in ("width", "height", "area", "aspect")]
        [0.25, 0.5, 0.125, 0.5]
        """
        if null != "feasible":
            values = np.empty(len(self))
            for start in range(0, len(self), AT_ONCE):
                values[start : start + AT_ONCE] = self._part(start, start + AT_ONCE)._values(quantity)
            return Places(values, values)
        side = self.x if quantity.endswith("_x") else self.y
        starts, ends, spread = np.empty(len(self)), np.empty(len(self)), False
        for start in range(0, len(self), AT_ONCE):
            part = side.part(start, start + AT_ONCE)
            extent = part.extent.astype(np.float64) - 2 * self.margin
            found = feasible(part.low - self.margin, part.high - self.margin, extent)
            starts[start : start + AT_ONCE], ends[start : start + AT_ONCE] = found
            spread |= found.spread
        return Places(starts, ends if spread else starts)

    def _part(self, start: int, end: int) -> "Rectangles":
        """The rectangles from number `start` to before `end`; pictures keep their numbers."""
        x, y = self.x.part(start, end), self.y.part(start, end)
        return Rectangles(x, y, self.picture[start:end], self.n_pictures, self.margin)

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
    """All rectangles of a table, ordered by category and then by picture. Those without a category come first."""

    together: Rectangles
    """All of them."""
    categories: Sequence[str]
    """The names of the categories, sorted."""
    starts: Ints
    """(categories + 1,): the number of the rectangle with which each category begins, and the one after the last."""

    def __iter__(self) -> Iterator[tuple[str, Rectangles]]:
        """Yield all rectangles together, by the name `ALL`, then those of each category by its name."""
        yield ALL, self.together
        for name in self.categories:
            yield name, self.of(name)

    def of(self, category: str) -> Rectangles:
        """Return the rectangles of one category, pictures numbered anew; none where there is no such category."""
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


def grouped(boxes: pl.LazyFrame, margin: float = 0.0) -> Grouped:
    """Return the boxes of a table as arrays, by category. Boxes with a corner that is not known are left out.

    Parameters
    ----------
    boxes : the columns image_id, category, x_min, y_min, x_max, y_max (px), image_width and image_height (px).
    margin : px at each edge of a picture into which no box reaches.

    Examples
    --------
    >>> rows = [("a", "dog", 0, 0, 4, 4, 8, 8), ("b", "cat", 2, 2, 6, 4, 8, 8), ("b", "dog", 1, 1, 2, 2, 8, 8)]
    >>> names = ["image_id", "category", *CORNERS, "image_width", "image_height"]
    >>> found = grouped(pl.LazyFrame(rows, names, orient="row"))
    >>> [(name, len(group), group.n_pictures) for name, group in found]
    [('(all)', 3, 2), ('cat', 1, 1), ('dog', 2, 2)]
    """
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
        # Each column is let go of once it is in order: of millions of boxes there is not room for all of them twice.
        return Side(*(table.drop_in_place(name).to_numpy()[order] for name in (low, high, extent)))

    x, y = side("x_min", "x_max", "image_width"), side("y_min", "y_max", "image_height")
    return Grouped(Rectangles(x, y, picture[order], n_pictures, margin), categories, np.cumsum(starts))


def _numbered(keys: pl.Series) -> tuple[Ints, int]:
    """A number for each key, the same for equal keys, in the order of their first appearance; and how many numbers."""
    n_keys = keys.n_unique()
    hashes = keys.to_numpy()
    runs = np.diff(hashes, prepend=hashes[:1]) != 0
    if int(runs.sum()) + 1 == n_keys:  # those of a picture stand together
        return np.cumsum(runs), n_keys
    _, first, number = np.unique(hashes, return_index=True, return_inverse=True)
    rank = np.empty(n_keys, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(n_keys)
    return rank[number], n_keys
