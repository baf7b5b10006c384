"""Which comparisons of networks answer the question that a run is made for, and which ones explore."""

import polars as pl

PRIMARY, EXPLORATORY = "primary", "exploratory"
OF_NEIGHBOURS = ("top1_change", "mac")
"""How much the answer moves where one step is the neighbour of the next."""
OF_CHOICES = ("agreement",)
"""The same where steps are choices, such as functions that resize."""
CONDITIONS = ("all", "matched")
"""Every pair; and at matched confidence, since a network that is surer of its answers changes them less for that alone."""


def families(comparisons: pl.DataFrame) -> pl.DataFrame:
    """A table COMPARISONS with its column `family`. A protocol's steps are neighbours if it has P(top-1 change).

    >>> rows = [("crop", "top1_change", "all"), ("crop", "agreement", "all"), ("resizers", "agreement", "all")]
    >>> table = pl.DataFrame(rows, ["protocol", "measure", "condition"], orient="row")
    >>> families(table)["family"].to_list()
    ['primary', 'exploratory', 'primary']
    """
    neighbours = (pl.col("measure") == OF_NEIGHBOURS[0]).any().over("protocol")
    asked = pl.when(neighbours).then(pl.col("measure").is_in(OF_NEIGHBOURS)).otherwise(pl.col("measure").is_in(OF_CHOICES))
    primary = asked & pl.col("condition").is_in(CONDITIONS)
    return comparisons.with_columns(family=pl.when(primary).then(pl.lit(PRIMARY)).otherwise(pl.lit(EXPLORATORY)))
