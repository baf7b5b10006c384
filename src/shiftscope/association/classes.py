"""Measures of every category by itself: how much the answer moves on pictures of one kind."""

from collections.abc import Mapping

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

    >>> import numpy as np
    >>> column = [("accuracy", "all")]
    >>> images = pl.DataFrame({"image_id": ["a", "b"], "category": ["dog", "dog"]})
    >>> one, two = np.array([[1.0], [1]]), np.array([[2.0], [1]])
    >>> sums = Sums(images["image_id"], column, one, two, two.astype(int), ["rows"])
    >>> found = per_class({("crop", "net"): sums}, images)
    >>> found.select("category", pl.col("estimate").round(3), "n_images").rows()
    [('dog', 0.667, 2)]
    """
    rows = [
        _by_category(sums, measure, images).with_columns(network=pl.lit(network), protocol=pl.lit(protocol))
        for (protocol, network), sums in cells.items()
        for measure in MEASURES
        if (measure, "all") in sums.columns
    ]
    return pl.concat([PER_CLASS.to_frame(), *(table.select(PER_CLASS.names()).cast(PER_CLASS) for table in rows)])


def _by_category(sums: Sums, measure: str, images: pl.DataFrame) -> pl.DataFrame:
    """Of each category the columns of PER_CLASS that are not of the network, where a picture counts."""
    place = sums.columns.index((measure, "all"))
    numbers = {"image_id": sums.image_ids, "top": sums.numerator[:, place], "bottom": sums.denominator[:, place]}
    categories = images.select("image_id", "category").drop_nulls()
    found = pl.DataFrame(numbers).join(categories, on="image_id", how="inner", maintain_order="left").group_by("category")
    summed = found.agg(pl.col("top", "bottom").sum(), n_images=(pl.col("bottom") != 0).sum()).sort("category")
    return summed.filter(pl.col("bottom") != 0).with_columns(
        measure=pl.lit(measure), estimate=pl.col("top") / pl.col("bottom")
    )
