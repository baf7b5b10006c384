"""Columns of a list of points that have to be numbers or flags, and may hold words."""

from pathlib import Path

import polars as pl

from shiftscope.core.errors import ShiftscopeError, shown

FLAGS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
"""How lists write yes and no."""


def refuse_unnumbered(points: pl.DataFrame, path: Path) -> None:
    """Raise a ShiftscopeError where an object has no number but a word: read as none, it would be every object.

    `points` are the rows of the list at `path`, with what was `written` for each picture.
    """
    if "instance" not in points.columns:
        return
    number = pl.col("instance").cast(pl.Float64, strict=False)
    words = points.filter(pl.col("instance").is_not_null() & (number.is_null() | (number % 1 != 0)))
    if words.height:
        raise ShiftscopeError(
            f"{path} has the instance {words['instance'][0]!r} for {words['written'][0]}: number the objects of a picture, "
            "0, 1, 2, …"
        )


def flagged(points: pl.DataFrame, path: Path) -> pl.DataFrame:
    """`points`, as above, with `visible` as true or false, or null where nothing is written.

    Raises ShiftscopeError where something else is written, such as COCO's number 2 for a point that can be seen.
    """
    if "visible" not in points.columns:
        return points
    said = pl.col("visible").cast(pl.String).str.strip_chars().str.to_lowercase()
    known = said.replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)
    words = points.filter((said != "") & known.is_null())
    if words.height:
        raise ShiftscopeError(
            f"{path} has the visible {shown(words['visible'][0])} for {words['written'][0]}: write 1 for a point that can "
            "be seen and 0 for one that is hidden, or nothing"
        )
    return points.with_columns(visible=known)
