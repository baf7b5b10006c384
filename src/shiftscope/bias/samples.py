"""The values of one quantity in one category become a row of the table: distances, p-values, bits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.bias import BIAS, chance
from shiftscope.bias import places as of_places
from shiftscope.bias.places import Places
from shiftscope.bias.rectangles import ALL, Rectangles
from shiftscope.core import tables
from shiftscope.core.randomness import generator
from shiftscope.statistics import binned, uniformity
from shiftscope.statistics.binned import CELLS, SIDE, Ints
from shiftscope.statistics.corrections import benjamini_hochberg, holm
from shiftscope.statistics.ratios import Floats

PLANE = ("centre", "midpoint")
"""Quantities that are a pair of coordinates: those whose names end in _x and in _y."""

Known = slice | NDArray[np.bool_]
"""The boxes of a group of which a quantity is known: all of them (a slice), or a mask (n,)."""

NOT_TESTED = "described, not tested: it has no uniform null"


class Settings(NamedTuple):
    """What is the same for all rows of a table."""

    seed: int
    minimum_n: int
    """With fewer boxes, or fewer pictures that have one, a category is not tested."""
    level: float
    """Of the intervals, between 0 and 1."""
    what: str = "boxes"
    """What is counted, as `reason` calls it."""


class Asked(NamedTuple):
    """What a row is asked for. What nobody asks for is not computed, and null."""

    estimates: bool = True
    """Mean, standard deviation, effect and bits, with intervals."""
    p_value: bool = True
    """Whether the null hypothesis holds, with the picture as the unit."""
    boxes: bool = True
    """The distance, and the p-value that independent boxes would have."""


ALL_OF_IT = Asked()


@dataclass(frozen=True)
class Units:
    """The independent units to which the n boxes of one group belong: pictures, or blocks of them where there are many."""

    picture: Ints
    """(n,): the number of the picture of each box."""
    n_pictures: int
    of_picture: Ints
    """(n_pictures,): the unit of each picture."""

    @property
    def n(self) -> int:
        """How many units there are."""
        return min(self.n_pictures, binned.BLOCKS)

    def of_boxes(self, known: Known) -> Ints:
        """Return the unit of each of the `known` boxes."""
        return self.of_picture[self.picture[known]]

    def count(self, known: Known, axes: Sequence[Places], side: int) -> Floats:
        """Return how many boxes of each unit lie in each cell (`places.count`); `axes` are those of the `known` boxes."""
        return of_places.count(self.of_boxes(known), axes, side, self.n)

    def pictures(self, known: Known) -> int:
        """Return how many pictures have one of the `known` boxes."""
        if isinstance(known, slice):
            return self.n_pictures
        return int(np.count_nonzero(np.bincount(self.picture[known], minlength=1)))


def units_of(group: Rectangles, category: str, seed: int) -> Units:
    """Return the units of a group: its pictures, or at most `binned.BLOCKS` random blocks of them.

    The blocks depend on the seed and on the name of the category, and on no other category.
    """
    rng = generator(seed, "blocks of pictures", category)
    return Units(group.picture, group.n_pictures, binned.blocks(group.n_pictures, rng))


def statistics_of(
    groups: Iterable[tuple[str, Rectangles]],
    tests: Sequence[tuple[str, str]],
    described: Sequence[tuple[str, str]],
    settings: Settings,
    *,
    together: Asked = ALL_OF_IT,
    each: Asked = ALL_OF_IT,
) -> pl.DataFrame:
    """Return the table `bias.BIAS` of all groups.

    Parameters
    ----------
    groups : the name of each category and its rectangles.
    tests, described : quantity and null of the rows of each group, tested and not tested, in this order.
    together, each : what is asked of all categories together (`ALL`), and of each of them.
    """
    rows: list[dict[str, object]] = []
    for category, group in groups:
        units = units_of(group, category, settings.seed)
        for quantity, null in (*tests, *described):
            row: dict[str, object] = {"category": category, "quantity": quantity, "null": null}
            asked = together if category == ALL else each
            if (quantity, null) in described:
                row |= _described(group, quantity, null, units)
            elif quantity in PLANE:
                row |= _plane(group, quantity, null, units, settings, asked)
            else:
                row |= _line(group, quantity, null, units, settings, asked)
            rows.append(row)
    return corrected(_with_p_values(tables.table(rows, BIAS)), BIAS)


def known_places(group: Rectangles, quantity: str, null: str) -> tuple[Places, Known]:
    """Return the values of a quantity of one axis where they are known, and which boxes these are."""
    places = group.places(quantity, null)
    missing = np.isnan(places.start)
    if not missing.any():
        return places, slice(None)
    return places.of(~missing), ~missing


def known_pairs(group: Rectangles, quantity: str, null: str) -> tuple[tuple[Places, Places], Known]:
    """Return the values along x and along y of the boxes of which both are known, and which boxes these are."""
    x, y = (group.places(f"{quantity}_{axis}", null) for axis in "xy")
    missing = np.isnan(x.start) | np.isnan(y.start)
    known = ~missing if missing.any() else slice(None)
    return (x.of(known), y.of(known)), known


def _described(group: Rectangles, quantity: str, null: str, units: Units) -> dict[str, object]:
    places, known = known_places(group, quantity, null)
    return {**_moments(places), "n_images": units.pictures(known), "reason": NOT_TESTED}


def _moments(places: Places) -> dict[str, object]:
    n = len(places.start)
    mean, sd = places.moments() if n > 1 else (float(np.mean([*places.start, *places.end])) if n else None, None)
    return {"n": n, "mean": mean, "sd": sd}


def _line(group: Rectangles, quantity: str, null: str, units: Units, settings: Settings, asked: Asked) -> dict[str, object]:
    places, known = known_places(group, quantity, null)
    n, n_images = len(places.start), units.pictures(known)
    row: dict[str, object] = {"n": n, "n_images": n_images}
    row |= _moments(places) if asked.estimates else {}
    reason = too_few(n, n_images, len(group), settings)
    tested = asked.p_value and not reason
    if not n or not (asked.estimates or tested):
        return {**row, "reason": reason}
    counts = units.count(known, [places], CELLS)
    # The p-value of independent points, all that boxes are in pictures of their own, is computed for all rows at once.
    alone = tested and (asked.boxes or n_images == n)
    statistic, distance = of_places.distances(places) if asked.estimates or alone else (None, None)
    if asked.estimates and distance is not None:
        row |= _effect(counts, distance, settings)
    if not tested:
        return {**row, "reason": reason}
    p_boxes = chance.p_value(counts.sum(0), places) if alone and places.spread else None
    signs = uniformity.multipliers(settings.seed).signs
    p_value = uniformity.sign_flip_p(counts, signs, binned.line, binned.largest_on_line) if n_images < n else p_boxes
    return {**row, "statistic": statistic if alone else None, "p_value": p_value, "p_value_boxes": p_boxes}


def _effect(counts: Floats, distance: float, settings: Settings) -> dict[str, object]:
    """The effect, which is `distance`, and the bits of one coordinate, both with intervals; `counts` are (units, CELLS)."""
    shares = uniformity.resampled_shares(counts, uniformity.multipliers(settings.seed).weights)
    effect = uniformity.distance_interval(shares, distance, binned.filled(counts), settings.level)
    coarse, coarse_shares = (table.reshape(len(table), binned.BIT_CELLS, -1).sum(2) for table in (counts, shares))
    found: dict[str, object] = {"effect": effect.estimate, "effect_low": effect.low, "effect_high": effect.high}
    return found | _bits(coarse, coarse_shares, settings.level)


def _plane(
    group: Rectangles, quantity: str, null: str, units: Units, settings: Settings, asked: Asked
) -> dict[str, object]:
    (x, y), known = known_pairs(group, quantity, null)
    n, n_images = len(x.start), units.pictures(known)
    row: dict[str, object] = {"n": n, "n_images": n_images}
    reason = too_few(n, n_images, len(group), settings)
    tested = asked.p_value and not reason
    if not n or not (asked.estimates or tested):
        return {**row, "reason": reason}
    signs, weights = uniformity.multipliers(settings.seed)
    counts = units.count(known, [x, y], SIDE)
    if asked.estimates:
        row |= _bits(counts, uniformity.resampled_shares(counts, weights), settings.level)
    if not tested:
        return {**row, "reason": reason}
    if asked.boxes or n_images == n:
        total = counts.sum(0)
        row["statistic"] = float(np.abs(binned.plane(total)).max() / n)
        row["p_value_boxes"] = chance.p_value(total, x, y) if x.spread or y.spread else uniformity.plane_p(total)
    if n_images == n:
        return {**row, "p_value": row["p_value_boxes"]}
    return {**row, "p_value": uniformity.sign_flip_p(counts, signs, binned.plane, binned.largest_on_plane)}


def _bits(counts: Floats, shares: Floats, level: float) -> dict[str, object]:
    found = uniformity.bits(counts, shares, level)
    return {"bits": found.estimate, "bits_low": found.low, "bits_high": found.high}


def too_few(n: int, n_images: int, n_all: int, settings: Settings) -> str | None:
    """Return the reason why a quantity is not tested; None where it is.

    Parameters
    ----------
    n, n_images : boxes of which the quantity is known, and pictures that have one.
    n_all : boxes of the category.

    Examples
    --------
    >>> settings = Settings(seed=0, minimum_n=20, level=0.95)
    >>> too_few(30, 9, 30, settings), too_few(5, 5, 30, settings)
    ('30 boxes in 9 pictures, fewer than 20', '25 of 30 boxes are as large as the picture')
    """
    fewest, what = settings.minimum_n, settings.what
    if min(n, n_images) >= fewest:
        return None
    if n < n_all and n_all >= fewest > n:
        return f"{n_all - n} of {n_all} {what} are as large as the picture"
    if n < fewest:
        return f"{n} {what}, fewer than {fewest}"
    return f"{n} {what} in {n_images} pictures, fewer than {fewest}"


def _with_p_values(table: pl.DataFrame) -> pl.DataFrame:
    """The table with exact p-values of the one-dimensional distances, which are final where every picture has one box."""
    tested = table["statistic"].is_not_null().to_numpy()
    exact = table["p_value_boxes"].to_numpy().copy()
    asked = tested & np.isnan(exact)
    exact[asked] = uniformity.ks_p(table["statistic"].to_numpy()[asked], table["n"].to_numpy()[asked])
    robust = table["p_value"].to_numpy()
    return table.with_columns(
        pl.Series("p_value_boxes", exact, nan_to_null=True),
        pl.Series("p_value", np.where(tested & np.isnan(robust), exact, robust), nan_to_null=True),
    )


def corrected(table: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return the table with `q_value` (Benjamini–Hochberg) and `p_holm` (Holm), and the columns of `schema`.

    Both are adjusted over the categories of the same quantity and null. The row of all categories together (`ALL`) is
    not one of them.
    """
    families = (pl.col("quantity"), pl.col("null"), pl.col("category") == ALL)

    def over(adjust: Callable[[Floats], Floats], name: str) -> pl.Expr:
        def apply(p: pl.Series) -> pl.Series:
            return pl.Series(adjust(p.to_numpy()), dtype=pl.Float64)

        return pl.col("p_value").map_batches(apply, return_dtype=pl.Float64).over(families).alias(name)

    filled = table.with_columns(over(benjamini_hochberg, "q_value"), over(holm, "p_holm")).fill_nan(None)
    return filled.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
