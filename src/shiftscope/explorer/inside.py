"""How the layers of networks respond to the shift: over all pictures that were looked at, since none is kept alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.cause import LAYERS
from shiftscope.cause.losses import handed_on, of_layers
from shiftscope.core import tables
from shiftscope.explorer.packing import SCALE

NOTHING = -32_768
"""What is stored where there is no number."""
MOST = 12
"""Networks whose layers are shown, the first ones."""
SHARE, SIMILARITY = ("nonshiftability", "share"), ("periodicity", "similarity")
"""Measure and quantity."""


def inside(files: Mapping[str, str | Path]) -> tuple[list[dict[str, Any]], dict[str, NDArray[np.int16]]]:
    """What the explorer shows of the layers of each network under one protocol, from its table `cause.LAYERS`.

    For each network, `network`; `layers`, those that are the last of their depth (`losses.handed_on`), each with its
    `name`, `depth`, `factor` (px per cell), nonshiftability (`share`) and the pictures that count (`pictures`); and
    `shifts`, px. And arrays by name, `similarity` and the number of the network: of each layer, the cosine similarity of
    its pooled map at every shift to that at shift 0, in 1/`SCALE`.
    """
    said: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[np.int16]] = {}
    for network, path in list(files.items())[:MOST]:
        table = tables.read(path, LAYERS)
        last = handed_on(of_layers(table, *SHARE), "depth")
        if not last.height:
            continue
        similar = of_layers(table, *SIMILARITY)
        shifts = similar["shift"].drop_nulls().unique().sort()
        layers = last.select(
            pl.col("layer").alias("name"),
            "depth",
            pl.col("subsampling_factor").alias("factor"),
            pl.col("estimate").round(4).alias("share"),
            pl.col("n_images").alias("pictures"),
        )
        arrays[f"similarity{len(said)}"] = _similarities(similar, last["layer"].to_list(), shifts)
        said.append({"network": network, "layers": layers.rows(named=True), "shifts": shifts.to_list()})
    return said, arrays


def _similarities(similar: pl.DataFrame, layers: list[str], shifts: pl.Series) -> NDArray[np.int16]:
    """Layers × shifts, one row after the other."""
    known = {(name, shift): value for name, shift, value in similar.select("layer", "shift", "estimate").iter_rows()}
    values = [known.get((name, shift)) for name in layers for shift in shifts]
    return np.array([NOTHING if value is None else round(value * SCALE) for value in values], "<i2")
