"""All that tables of measures ask of one network on one protocol, made by a job of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.progress import progress
from shiftscope.sensitivity import DRAWS
from shiftscope.sensitivity.parts import Confidences, Sweep
from shiftscope.sensitivity.stored import SIGNED, WEIGHTED, write_sums
from shiftscope.sensitivity.summing import Conditions, Lot, whole_pictures
from shiftscope.sensitivity.sums import Binned, Ints, Sums
from shiftscope.statistics.bootstrap import resampled
from shiftscope.statistics.moments import Moments, moments, moments_by_part
from shiftscope.statistics.permutation import signed
from shiftscope.statistics.ratios import Floats


def sum_network(
    predictions: str | Path,
    *,
    ordered: bool,
    seed: int,
    n_resamples: int,
    sums_path: str | Path,
    draws_path: str | Path,
) -> None:
    """Sum the predictions of one network on one protocol, and write the sums of pictures and their draws.

    Parameters
    ----------
    predictions : a table tables.PREDICTIONS, in the order of image_id.
    ordered : whether neighbouring steps are neighbours.
    seed, n_resamples : of the bootstrap and of the random signs, the same for all networks.
    sums_path, draws_path : where the tables SUMS and DRAWS are written.

    Raises ShiftscopeError where the pictures are in another order.
    """
    conditions, confidences, sweep = Conditions(), Confidences(), Sweep()
    rows = pl.scan_parquet(predictions, glob=False).select(pl.len()).collect().item()
    for table in progress(whole_pictures(predictions), rows, "frames", len):
        lot = Lot.of(table, ordered=ordered)
        for each in (conditions, confidences, sweep):
            each.add(lot)
    found, binned = conditions.sums(), confidences.binned()
    image_ids = pl.Series(found.image_ids, dtype=pl.String)
    if not (image_ids.is_sorted() and image_ids.is_unique().all()):
        raise ShiftscopeError(f"{predictions}: the rows are not in the order of image_id; put the shards together again")
    write_sums(sums_path, found, binned)
    swept = sweep.sums(found.image_ids)
    made = draws(found, binned, confidences.pairs, swept, seed=seed, n_resamples=n_resamples)
    tables.write(draws_path, made, DRAWS)


@dataclass
class _Row:
    """A row of DRAWS before it is resampled."""

    said: dict[str, Any]
    moments: Moments | None
    """Of pictures, each (pictures, parts); None for a share."""
    signed: tuple[Floats, Floats] | None
    """Numerator and denominator of pictures, (pictures, parts); None in a row that is of one swept value."""


def draws(sums: Sums, binned: Binned, pairs: Ints, swept: Iterable[Sums], *, seed: int, n_resamples: int) -> pl.DataFrame:
    """The sums over pictures and over resampled pictures: columns of DRAWS.

    Parameters
    ----------
    sums, binned : of the same pictures.
    pairs : (bins,), how many pairs of all pictures begin in each bin of confidence.
    swept : of the same pictures, one swept value after the other (`parts.Sweep`).
    seed, n_resamples : of the bootstrap and of the random signs.

    >>> one = np.ones((2, 1))
    >>> accuracy = Sums(["a", "b"], [("accuracy", "all")], one, one, one.astype(int), ["rows"])
    >>> nothing = Binned([], [], np.empty((2, 0, 10)), np.empty((2, 0, 10)))
    >>> found = draws(accuracy, nothing, np.zeros(10, int), [], seed=0, n_resamples=3)
    >>> found.select("measure", "n_images", "numerator").row(0), found["signed_numerator"].list.len().item()
    (('accuracy', 2, 2.0), 3)
    """
    rows = [
        *_of_columns(sums, by_value=False),
        *_of_bins(binned, pairs),
        *(row for one in swept for row in _of_columns(one, by_value=True)),
    ]
    weighed = [row for row in rows if row.moments is not None]
    for row, parts in zip(weighed, _resampled(weighed, seed, n_resamples), strict=True):
        row.said |= {WEIGHTED[name]: pl.Series(part.ravel()) for name, part in zip(Moments._fields, parts, strict=True)}
    turned = [row for row in rows if row.signed is not None]
    for row, parts in zip(turned, _signed(turned, seed, n_resamples), strict=True):
        row.said |= {name: pl.Series(part.ravel()) for name, part in zip(SIGNED, parts, strict=True)}
    # Told the type beforehand, polars would look at each number of a list by itself.
    return pl.DataFrame({name: pl.Series(name, [row.said.get(name) for row in rows]) for name in DRAWS}).cast(DRAWS)


def _of_columns(sums: Sums, *, by_value: bool) -> Iterable[_Row]:
    ratios = sums.ratios
    totals, n_pairs = ratios.totals(), sums.counted.sum(0)
    for k, (measure, at) in enumerate(sums.columns):
        said = {
            "measure": measure,
            "value" if by_value else "condition": at,
            "kind": sums.kinds[k],
            "n_images": totals.counted[k],
            "n_pairs": n_pairs[k],
            "numerator": totals.numerator[k],
            "denominator": totals.denominator[k],
            "nonnegative": totals.nonnegative[k],
            **{name: _known(getattr(totals, name)[k]) for name in ("squares", "products", "weights", "fourth")},
        }
        columns = ratios.numerator[:, k : k + 1], ratios.denominator[:, k : k + 1]
        yield _Row(said, moments(*columns) if sums.kinds[k] == "mean" else None, None if by_value else columns)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _of_bins(binned: Binned, pairs: Ints) -> Iterable[_Row]:
    for k, measure in enumerate(binned.measures):
        said = {"measure": measure, "condition": "bins", "kind": binned.kinds[k], "pairs": pl.Series(pairs)}
        parts = binned.numerator[:, k], binned.denominator[:, k]
        yield _Row(said, moments_by_part(*parts) if binned.kinds[k] == "mean" else None, parts)


def _resampled(rows: list[_Row], seed: int, n_resamples: int) -> Iterable[list[Floats]]:
    """For each row the sums of its moments, (1 + resamples, parts) each."""
    together = [part for row in rows for part in row.moments or ()]
    if together:
        sums = resampled(np.concatenate(together, axis=1), seed=seed, n_resamples=n_resamples)
        parts = np.split(sums, np.cumsum([part.shape[1] for part in together])[:-1], axis=1)
        yield from (parts[start : start + 5] for start in range(0, len(parts), 5))


def _signed(rows: list[_Row], seed: int, n_resamples: int) -> Iterable[list[Floats]]:
    """For each row the sums of its numerators and denominators, (draws, parts) each."""
    together = [part for row in rows for part in row.signed or ()]
    if together:
        sums = signed(np.concatenate(together, axis=1), seed=seed, n_draws=n_resamples)
        parts = np.split(sums, np.cumsum([part.shape[1] for part in together])[:-1], axis=1)
        yield from (parts[start : start + 2] for start in range(0, len(parts), 2))
