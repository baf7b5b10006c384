"""All that tables of measures ask of one network on one protocol, made by a job of its own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
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
    pictures: tuple[Floats, Floats]
    """Numerator and denominator, (pictures, parts): one part, or one for each bin."""
    signed: bool = True
    """Whether it has sums under random signs."""

    def of_first(self) -> "_Row":
        """The row of the first picture alone: as wide as that of all of them."""
        numerator, denominator = self.pictures
        return _Row(self.said, (numerator[:1], denominator[:1]))

    def moments(self) -> Moments:
        """What is summed over resampled pictures."""
        return (moments if self.pictures[0].shape[1] == 1 else moments_by_part)(*self.pictures)


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
    rows = [*_of_columns(sums), *_of_bins(binned, pairs), *(row for one in swept for row in _of_value(one))]
    means, turned = [row for row in rows if row.said["kind"] == "mean"], [row for row in rows if row.signed]
    _sum(means, WEIGHTED.values(), _Row.moments, partial(resampled, seed=seed, n_resamples=n_resamples))
    _sum(turned, SIGNED, lambda row: row.pictures, partial(signed, seed=seed, n_draws=n_resamples))
    # Told the type beforehand, polars would look at each number of a list by itself.
    return pl.DataFrame({name: pl.Series(name, [row.said.get(name) for row in rows]) for name in DRAWS}).cast(DRAWS)


def _of_columns(sums: Sums) -> Iterator[_Row]:
    ratios = sums.ratios
    totals, n_pairs = ratios.totals(), sums.counted.sum(0)
    for k, (measure, condition) in enumerate(sums.columns):
        said = {
            "measure": measure,
            "condition": condition,
            "kind": sums.kinds[k],
            "n_images": totals.counted[k],
            "n_pairs": n_pairs[k],
            "numerator": totals.numerator[k],
            "denominator": totals.denominator[k],
            "nonnegative": totals.nonnegative[k],
        }
        numbers = {name: float(getattr(totals, name)[k]) for name in ("squares", "products", "weights", "fourth")}
        said |= {name: None if np.isnan(number) else number for name, number in numbers.items()}
        yield _Row(said, (ratios.numerator[:, [k]], ratios.denominator[:, [k]]))


def _of_value(sums: Sums) -> Iterator[_Row]:
    for row in _of_columns(sums):
        row.said["value"] = row.said.pop("condition")
        # Pictures of what is a share are needed no more: of many values, they would fill the memory.
        pictures = row.pictures if row.said["kind"] == "mean" else (np.empty((0, 1)), np.empty((0, 1)))
        yield _Row(row.said, pictures, signed=False)


def _of_bins(binned: Binned, pairs: Ints) -> Iterator[_Row]:
    for k, measure in enumerate(binned.measures):
        said = {"measure": measure, "condition": "bins", "kind": binned.kinds[k], "pairs": pl.Series(pairs)}
        yield _Row(said, (binned.numerator[:, k], binned.denominator[:, k]))


def _sum(
    rows: list[_Row],
    names: Iterable[str],
    parts_of: Callable[[_Row], Iterable[Floats]],
    sums_of: Callable[[Floats], Floats],
) -> None:
    """Sum parts of the pictures of all rows at once, and note the sums in the rows.

    `parts_of` a row are (pictures, parts) each, one for each of `names`, and `sums_of` makes sums over pictures of all of
    them side by side, (draws, parts).
    """
    if not rows:
        return
    widths = [[part.shape[1] for part in parts_of(row.of_first())] for row in rows]
    ends = np.cumsum([sum(each) for each in widths])
    values = np.empty((len(rows[0].pictures[0]), ends[-1]), order="F")
    for row, end, each in zip(rows, ends, widths, strict=True):
        starts = end - sum(each) + np.cumsum([0, *each])
        for part, start, stop in zip(parts_of(row), starts[:-1], starts[1:], strict=True):
            values[:, start:stop] = part
    sums = np.split(sums_of(values), ends[:-1], axis=1)
    for row, each, drawn in zip(rows, widths, sums, strict=True):
        parts = np.split(drawn, np.cumsum(each)[:-1], axis=1)
        row.said |= {name: pl.Series(part.ravel()) for name, part in zip(names, parts, strict=True)}
