"""Where pairs of named points are, and how far apart: the eyes of a dog as the box that they span."""

from collections.abc import Mapping

import polars as pl

from shiftscope.bias import BIAS
from shiftscope.bias.rectangles import grouped
from shiftscope.bias.samples import Settings, statistics_of
from shiftscope.core.errors import ShiftscopeError, unknown

EYES: Mapping[str, tuple[str, str]] = {"eyes": ("left_eye", "right_eye")}

TESTS = (
    ("midpoint_x", "naive"),
    ("midpoint_x", "feasible"),
    ("midpoint_y", "naive"),
    ("midpoint_y", "feasible"),
    ("midpoint", "naive"),
    ("midpoint", "feasible"),
)
DESCRIBED = (("distance", "none"),)
"""In widths of the picture. There is no uniform distance: far eyes leave no room for others."""


def landmark_statistics(
    landmarks: pl.DataFrame | pl.LazyFrame,
    *,
    seed: int,
    pairs: Mapping[str, tuple[str, str]] = EYES,
    minimum_n: int = 20,
    level: float = 0.95,
) -> pl.DataFrame:
    """Return tests of the midpoint of pairs of points, and a description of their distance.

    As in Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 6. The midpoint has the null hypotheses of a box's centre. Since
    both points must lie in the picture, the feasible null is that of the box that they span. Objects of which one of the
    two points is not known are left out.

    Parameters
    ----------
    landmarks : a table `tables.LANDMARKS`, or a scan of such a file; px.
    pairs : by the name of each pair, the names of its two points.
    seed, minimum_n, level : as in `boxes.box_statistics`.

    Returns
    -------
    A table `bias.BIAS`, the distance in widths of the picture. With several pairs the quantities begin with the name of the
    pair, as in "eyes midpoint_x".

    Raises
    ------
    ShiftscopeError
        Where there are points and none of that name, or several of one name that nothing tells apart: which left eye
        belongs to which right one is told by `instance`, or by `category` where there is one of each.
    """
    lazy = landmarks.lazy()
    found = lazy.select(pl.col("name").unique()).collect(engine="streaming")["name"].drop_nulls().to_list()
    tables = []
    for pair, (first, second) in pairs.items():
        for name in (first, second):
            if found and name not in found:
                missing = unknown("point", name, found)
                raise ShiftscopeError(f"the pair {pair!r} of 'landmark_pairs' needs points that are not there: {missing}")
        _refuse_several(lazy, pair, (first, second))
        groups = grouped(spanned(lazy, first, second))
        settings = Settings(seed, minimum_n, level, "pairs of points")
        table = statistics_of(groups, TESTS, DESCRIBED, settings)
        tables.append(table.with_columns(quantity=pl.lit(f"{pair} ") + pl.col("quantity")) if len(pairs) > 1 else table)
    return pl.concat(tables) if tables else BIAS.to_frame()


KEYS = ("image_id", "category", "instance")
"""What two points of one object share."""


def _refuse_several(landmarks: pl.LazyFrame, pair: str, names: tuple[str, str]) -> None:
    """Raise a ShiftscopeError where an object has several points of one name: each would be paired with all others."""
    there = landmarks.filter(pl.col("name").is_in(names), pl.col("x").is_finite(), pl.col("y").is_finite())
    counted = there.group_by(*KEYS, "name", maintain_order=True).len()
    several = counted.filter(pl.col("len") > 1).head(1).collect(engine="streaming")
    for row in several.iter_rows(named=True):
        whose = "" if row["instance"] is None else f" of instance {row['instance']}"
        raise ShiftscopeError(
            f"the picture {row['image_id']} has {row['len']} points {row['name']}{whose}, so it is not known which of them "
            f"belong together as the pair {pair!r}: number the objects of a picture in a column 'instance' of the points"
        )


def spanned(landmarks: pl.LazyFrame, first: str, second: str) -> pl.LazyFrame:
    """Return the box whose corners the two points are, for each object that has both.

    Returns
    -------
    The columns of `tables.BOXES` from image_id to image_height, corners in px.

    Examples
    --------
    >>> rows = [("a", "dog", None, "left_eye", 30.0, 20.0, 64, 48), ("a", "dog", None, "right_eye", 22.0, 21.0, 64, 48)]
    >>> names = [*KEYS, "name", "x", "y", "image_width", "image_height"]
    >>> points = pl.LazyFrame(rows, names, orient="row")
    >>> spanned(points, "left_eye", "right_eye").select(pl.selectors.ends_with("_min", "_max")).collect().rows()
    [(22.0, 20.0, 30.0, 21.0)]
    """
    points = landmarks.select(*KEYS, "name", "x", "y", "image_width", "image_height").filter(
        pl.col("x").is_finite() & pl.col("y").is_finite()
    )
    other = points.filter(pl.col("name") == second).select(*KEYS, pl.col("x").alias("x_2"), pl.col("y").alias("y_2"))
    both = points.filter(pl.col("name") == first).join(other, on=KEYS, how="inner", nulls_equal=True, maintain_order="left")
    return both.select(
        "image_id",
        "category",
        *(pl.min_horizontal(a, f"{a}_2").alias(f"{a}_min") for a in "xy"),
        *(pl.max_horizontal(a, f"{a}_2").alias(f"{a}_max") for a in "xy"),
        "image_width",
        "image_height",
    )
