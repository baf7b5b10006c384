"""Where in a network a shift is lost, read off a table LAYERS."""

from itertools import pairwise
from typing import Any, NamedTuple

import polars as pl

SIGNED = r"^(Conv\dd\w*|\w*(Batch|Group|Layer|Instance|Rms)Norm\w*)$"
"""Classes of convolutions and normalisations, of torch and of timm (``Conv2dSame``, ``LayerNorm2d``); a whole block such as
``ConvNeXtBlock`` is none."""


class Loss(NamedTuple):
    """Two maps that a network hands on, one after the other, and how much more of the shift is lost in the second."""

    before: dict[str, Any]
    after: dict[str, Any]
    rise: float


def of_layers(layers: pl.DataFrame, measure: str, quantity: str) -> pl.DataFrame:
    """The rows of one quantity of all layers, in the order in which the network runs them."""
    return layers.filter(of="layer", measure=measure, quantity=quantity)


def unseen(layers: pl.DataFrame) -> list[str]:
    """Why layers of the network could not be seen, in sentences; none where all were."""
    return layers.filter(pl.col("layer").is_null())["reason"].drop_nulls().unique(maintain_order=True).to_list()


def handed_on(rows: pl.DataFrame, by: str = "subsampling_factor") -> pl.DataFrame:
    """Of the rows of one quantity, the last layer at each value of the column `by`, in the order of these values: at each
    subsampling factor, what is subsampled next, or pooled at last; at each depth, what the next layer with weights sees.

    Layers without an estimate do not count, nor do convolutions and normalisations where the value has any other layer:
    their maps are negative in parts, their sums are near 0, and an activation follows on them. A network whose
    maps become larger again keeps the last layer of each factor.
    """
    signed = pl.col("kind").str.contains(SIGNED) & ~pl.col("kind").str.contains("Act")
    known = rows.drop_nulls("estimate").filter(~signed | signed.all().over(by))
    return known.unique(by, keep="last", maintain_order=True).sort(by)


def largest_loss(rows: pl.DataFrame) -> Loss | None:
    """Between which two maps that are handed on the estimate rises most; None where there are no two, or none rises."""
    steps = pairwise(handed_on(rows).rows(named=True))
    rises = [Loss(before, after, after["estimate"] - before["estimate"]) for before, after in steps]
    most = max(rises, key=lambda loss: loss.rise, default=None)
    return most if most is not None and most.rise > 0 else None
