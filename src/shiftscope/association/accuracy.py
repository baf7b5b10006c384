"""Do networks lose accuracy on pictures that are framed unlike the training set?"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from shiftscope.association import ACCURACY_BY_SURPRISAL
from shiftscope.association.surprisal import surprisal
from shiftscope.core import tables
from shiftscope.sensitivity.stored import read_sums
from shiftscope.sensitivity.sums import Cell, Sums
from shiftscope.statistics.intervals import intervals

QUARTERS = 4
ACCURACY = ("accuracy", "all")


def accuracy_by_surprisal(
    sums: Mapping[Cell, str | Path],
    boxes: pl.DataFrame,
    others: Mapping[str, pl.DataFrame],
    *,
    seed: int,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> pl.DataFrame:
    """Return the accuracy in each quarter of the pictures, by how unlike another data set's their framing is.

    Parameters
    ----------
    sums : files of `sensitivity.SUMS`, by protocol and network.
    boxes : a table `tables.BOXES` of the pictures.
    others : the boxes of each data set whose framing is taken for the usual one, such as the training set, by its name.
    seed, level, n_resamples : of the intervals; the seed also places boxes within their pixel (`surprisal`).

    Returns
    -------
    A table ACCURACY_BY_SURPRISAL, as `accuracy_in_quarters` makes it.
    """
    found = [tables.table([], ACCURACY_BY_SURPRISAL)]
    for name, reference in others.items():
        surprisals = {name: surprisal(boxes, reference, seed=seed)}
        # One network after the other: the pictures of all of them need not be in memory.
        for cell, path in sums.items():
            own = {cell: read_sums(path, [ACCURACY])}
            found.append(accuracy_in_quarters(surprisals, own, seed=seed, level=level, n_resamples=n_resamples))
    return pl.concat(found)


def accuracy_in_quarters(
    surprisals: Mapping[str, pl.DataFrame],
    cells: Mapping[Cell, Sums],
    *,
    seed: int,
    level: float = 0.95,
    n_resamples: int = 2000,
) -> pl.DataFrame:
    """Return the accuracy in each quarter of the pictures, from the least to the most surprising.

    Parameters
    ----------
    surprisals : by the other data set's name, the columns `image_id` and `surprisal` (bits) of the pictures with respect to
        it. Pictures of the same surprisal are in the order of their ids.
    cells : sums per picture, by protocol and network.
    level : of the intervals, which are those of `statistics.intervals.intervals`.

    Returns
    -------
    A table ACCURACY_BY_SURPRISAL, four rows for each other data set, protocol and network. A network whose pictures have no
    label, or fewer than four of whose pictures have a surprisal, has no row.

    Examples
    --------
    A network that is right on the four least surprising of eight pictures:

    >>> ids = pl.Series([str(k) for k in range(8)])
    >>> table = pl.DataFrame({"image_id": ids, "surprisal": [float(k) for k in range(8)]})
    >>> right, one = np.array([[1.0]] * 4 + [[0.0]] * 4), np.ones((8, 1))
    >>> cells = {("crop", "net"): Sums(ids, [("accuracy", "all")], right, one, one.astype(int), ["rows"])}
    >>> found = accuracy_in_quarters({"training": table}, cells, seed=0)
    >>> found.select("quarter", "surprisal", "accuracy").rows()
    [(1, 0.5, 1.0), (2, 2.5, 1.0), (3, 4.5, 0.0), (4, 6.5, 0.0)]
    """
    rows: list[dict[str, object]] = []
    for other, table in surprisals.items():
        for (protocol, network), own in cells.items():
            for number, part in enumerate(_quarters(own, table), start=1):
                found = intervals(own.of(part["image_id"], [ACCURACY]), seed=seed, level=level, n_resamples=n_resamples)
                rows.append(
                    {
                        "other": other,
                        "network": network,
                        "protocol": protocol,
                        "quarter": number,
                        "surprisal": float(part["surprisal"].to_numpy().mean()),
                        "accuracy": float(found.estimate[0]),
                        "ci_low": float(found.low[0]),
                        "ci_high": float(found.high[0]),
                        "n_images": len(part),
                    }
                )
    return tables.table(rows, ACCURACY_BY_SURPRISAL).fill_nan(None)


def _quarters(own: Sums, surprisals: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The pictures of each quarter; none where there is no accuracy, or not a picture for each quarter."""
    known = surprisals.join(pl.DataFrame({"image_id": own.image_ids}), on="image_id", how="semi")
    if ACCURACY in own.columns and len(known) >= QUARTERS:
        ends = np.cumsum([len(part) for part in np.array_split(np.arange(len(known)), QUARTERS)])
        known = known.sort("surprisal", "image_id")
        for start, end in zip([0, *ends], ends, strict=False):
            yield known[start:end]
