"""Which boxes count in the statistics of framing."""

from dataclasses import asdict, dataclass

import polars as pl

EDGE = 1.0
"""px: a box that is nearer to an edge of its picture touches it."""


@dataclass(frozen=True)
class Inclusion:
    """Which boxes count. A box of which it is not known whether it is of a kind counts as none of that kind."""

    crowd: bool = False
    """Whether boxes that are drawn around a crowd count (`is_crowd`)."""
    difficult: bool = True
    """Whether boxes that are marked as difficult to recognise count (`is_difficult`)."""
    truncated: bool = True
    """Whether boxes of objects that the picture cuts off, as annotated, count (`is_truncated`)."""
    edge: bool = True
    """Whether boxes that are nearer than `EDGE` to an edge of their picture count."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The kinds of boxes that do not count: names of the fields above."""
        return tuple(kind for kind, counts in asdict(self).items() if not counts)

    @property
    def margin(self) -> float:
        """px at each edge of a picture that no box which counts can reach into."""
        return 0.0 if self.edge else EDGE


USUAL = Inclusion()
"""All but crowds."""


def kept(boxes: pl.DataFrame | pl.LazyFrame, inclusion: Inclusion = USUAL) -> pl.LazyFrame:
    """Return the boxes that count.

    Parameters
    ----------
    boxes : a table `tables.BOXES` or a scan of one, corners in pixels. Columns of flags may be missing.
    inclusion : which boxes count.

    Returns
    -------
    A lazy table of the same columns, rows in the same order.

    Examples
    --------
    >>> boxes = pl.DataFrame({"x_min": [0, 9], "y_min": [9, 9], "x_max": [20, 20], "y_max": [20, 20],
    ...                       "image_width": [50, 50], "image_height": [50, 50]})
    >>> kept(boxes, Inclusion(edge=False)).collect()["x_min"].to_list()
    [9]
    """
    lazy = boxes.lazy()
    for kind in inclusion.left_out:
        lazy = lazy.filter(~is_of(lazy, kind))
    return lazy


def is_of(boxes: pl.LazyFrame, kind: str) -> pl.Expr:
    """Return an expression that is true for boxes of a `kind`, the name of a field of `Inclusion`, and null for none."""
    if kind == "edge":
        low, high = pl.min_horizontal("x_min", "y_min"), [pl.col(f"{a}_max") + EDGE for a in "xy"]
        return (low < EDGE) | (high[0] > pl.col("image_width")) | (high[1] > pl.col("image_height"))
    name = f"is_{kind}"
    return pl.col(name).fill_null(value=False) if name in boxes.collect_schema() else pl.lit(value=False)
