"""Measures of every class apart: how much the answer moves on pictures of one kind."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from shiftscope.sensitivity.summary import Cell, Sums

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
    """PER_CLASS: `MEASURES` of the pictures of each category of `images` (tables.IMAGES), over all frames or pairs.

    A category is there where its pictures have any; pictures without a category are left out.
    """
    category = dict(images.select("image_id", "category").drop_nulls().iter_rows())
    rows = []
    for (protocol, network), sums in cells.items():
        chosen = [image_id for image_id in sums.image_ids if image_id in category]
        if not chosen:
            continue
        names, group = np.unique([category[image_id] for image_id in chosen], return_inverse=True)
        for measure in MEASURES:
            if (measure, "all") not in sums.columns:
                continue
            ratios = sums.of(chosen, [(measure, "all")])
            numerator, denominator = ratios.numerator[:, 0], ratios.denominator[:, 0]
            totals = [np.bincount(group, part, minlength=len(names)) for part in (numerator, denominator)]
            counted = np.bincount(group, denominator != 0, minlength=len(names))
            for name, above, below, count in zip(names, *totals, counted, strict=True):
                if below:
                    rows.append((str(name), network, protocol, measure, above / below, int(count)))
    return pl.DataFrame(rows, schema=PER_CLASS, orient="row")
