"""Measures of every category by itself: how much the answer moves on pictures of one kind."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from shiftscope.sensitivity.sums import Cell, Sums

MEASURES = ("accuracy", "top1_change", "mac")
PER_CLASS = pl.Schema(
    {
        "category": pl.String,
        "network": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "estimate": pl.Float64,
        "n_images": pl.Int64,
    }
)


def per_class(cells: Mapping[Cell, Sums], images: pl.DataFrame) -> pl.DataFrame:
    """Return `MEASURES` of the pictures of each category, over all their frames or pairs.

    Parameters
    ----------
    cells : sums per picture, by protocol and network.
    images : a table `tables.IMAGES`; its columns image_id and category are read.

    Returns
    -------
    A table PER_CLASS, one row per protocol, network, measure and category. Measures that a protocol does not have, pictures
    without a category, and categories of which no picture counts for a measure have no row.

    Examples
    --------
    Of the two frames of the first dog one was classified right, and the only frame of the second dog was:

    >>> column = [("accuracy", "all")]
    >>> sums = Sums(["a", "b"], column, np.array([[1.0], [1]]), np.array([[2.0], [1]]), np.array([[2], [1]]), ["rows"])
    >>> images = pl.DataFrame({"image_id": ["a", "b"], "category": ["dog", "dog"]})
    >>> found = per_class({("crop", "net"): sums}, images)
    >>> found.select("category", pl.col("estimate").round(3), "n_images").rows()
    [('dog', 0.667, 2)]
    """
    category = dict(images.select("image_id", "category").drop_nulls().iter_rows())
    rows = [
        (name, network, protocol, measure, estimate, n_images)
        for (protocol, network), sums in cells.items()
        for measure in MEASURES
        if (measure, "all") in sums.columns
        for name, estimate, n_images in _by_category(sums, measure, category)
    ]
    return pl.DataFrame(rows, schema=PER_CLASS, orient="row")


def _by_category(sums: Sums, measure: str, category: Mapping[str, str]) -> Iterator[tuple[str, float, int]]:
    """Each category, the estimate on its pictures, and how many of them count."""
    chosen = [image_id for image_id in sums.image_ids if image_id in category]
    if not chosen:
        return
    names, group = np.unique([category[image_id] for image_id in chosen], return_inverse=True)
    ratios = sums.of(chosen, [(measure, "all")])
    numerator, denominator = ratios.numerator[:, 0], ratios.denominator[:, 0]
    above, below, counted = (
        np.bincount(group, part, minlength=len(names)) for part in (numerator, denominator, denominator != 0)
    )
    for name, top, bottom, count in zip(names, above, below, counted, strict=True):
        if bottom:
            yield str(name), top / bottom, int(count)
