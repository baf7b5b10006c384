"""Do networks lose accuracy on pictures that are framed unlike the training set?"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.sensitivity import ACCURACY_BY_SURPRISAL
from shiftscope.sensitivity.summary import Cell, Sums
from shiftscope.statistics.intervals import intervals

QUARTERS = 4


def accuracy_by_surprisal(
    surprises: Mapping[str, pl.DataFrame],
    cells: Mapping[Cell, Sums],
    *,
    seed: int,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> pl.DataFrame:
    """Accuracy of every network and protocol in each quarter of the pictures, from the least to the most surprising:
    a table ACCURACY_BY_SURPRISAL.

    Parameters
    ----------
    surprises : the other data set's name: what `surprisal` says of the pictures with respect to it.
    """
    rows: list[dict[str, object]] = []
    for other, table in surprises.items():
        known = dict(table.select("image_id", "surprisal").iter_rows())
        for (protocol, network), sums in cells.items():
            column = ("accuracy", "all")
            images = [image_id for image_id in sums.image_ids if image_id in known]
            if column not in sums.columns or len(images) < QUARTERS:
                continue
            images.sort(key=lambda image_id: (known[image_id], image_id))
            for number, part in enumerate(np.array_split(np.array(images, object), QUARTERS), start=1):
                found = intervals(sums.of(list(part), [column]), seed=seed, level=level, n_resamples=n_resamples)
                rows.append(
                    {
                        "other": other,
                        "network": network,
                        "protocol": protocol,
                        "quarter": number,
                        "surprisal": float(np.mean([known[image_id] for image_id in part])),
                        "accuracy": float(found.estimate[0]),
                        "ci_low": float(found.low[0]),
                        "ci_high": float(found.high[0]),
                        "n_images": len(part),
                    }
                )
    return tables.table(rows, ACCURACY_BY_SURPRISAL).fill_nan(None)
