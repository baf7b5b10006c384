"""Answers with a remedy against those without it, on the same pictures: the rows that all remedies have."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from shiftscope.sensitivity.sums import Column, Sums, places
from shiftscope.statistics.intervals import Intervals, difference_intervals, intervals
from shiftscope.statistics.products import products


def compared(
    remedied: Sums,
    plain: Sums,
    *,
    found: Intervals | None = None,
    known: Intervals | None = None,
    seed: int,
    level: float,
    n_resamples: int,
) -> Iterator[dict[str, object]]:
    """A row for each measure and condition that both have, on the pictures that both have: what `REMEDIES` says of the
    value with and without the remedy, of their difference, and of the numbers of pictures and pairs.

    Parameters
    ----------
    remedied, plain : sums with and without the remedy.
    found, known : the intervals of `remedied.ratios` and of `plain.ratios`, for a caller who has them. They are made anew
        where the other one has not the same pictures.
    level : the confidence level, in (0, 1), of intervals.
    seed, n_resamples : of the bootstrap.

    >>> ones, rows = np.ones((4, 1)), np.full((4, 1), 2)
    >>> at = pl.Series(list("abcd")), [("top1_change", "all")]
    >>> steady, other = (Sums(*at, k * ones, 2 * ones, rows, ["rows"]) for k in (0, 1))
    >>> (row,) = compared(steady, other, seed=0, level=0.95, n_resamples=100)
    >>> row["without"], row["estimate"], row["difference"], row["n_images"], row["n_pairs"]
    (0.5, 0.0, -0.5, 4, 8)
    """
    images = remedied.image_ids.filter(remedied.image_ids.is_in(plain.image_ids.implode()))
    columns_there = set(plain.columns)
    columns = [column for column in remedied.columns if column in columns_there]
    if not len(images) or not columns:
        return
    ratios, other = remedied.of(images, columns), plain.of(images, columns)
    found, known = _chosen(remedied, found, images, columns), _chosen(plain, known, images, columns)
    found = found or intervals(ratios, seed=seed, level=level, n_resamples=n_resamples)
    known = known or intervals(other, seed=seed, level=level, n_resamples=n_resamples)
    low, high = difference_intervals(ratios.totals(), other.totals(), found, known, products(ratios, other))
    counted = remedied.counted[places(images, remedied.image_ids)].sum(0)
    for k, (measure, condition) in enumerate(columns):
        yield {
            "measure": measure,
            "condition": condition,
            "without": float(known.estimate[k]),
            "estimate": float(found.estimate[k]),
            "ci_low": float(found.low[k]),
            "ci_high": float(found.high[k]),
            "difference": float(found.estimate[k] - known.estimate[k]),
            "difference_low": float(low[k]),
            "difference_high": float(high[k]),
            "n_images": int(ratios.counted[k]),
            "n_pairs": int(counted[remedied.columns.index((measure, condition))]),
            "reason": _joined(found.reason[k], known.reason[k]),
        }


def _chosen(sums: Sums, known: Intervals | None, images: pl.Series, columns: list[Column]) -> Intervals | None:
    """Those of the known intervals that are of `columns`; None where nothing is known of just these images."""
    if known is None or len(images) < len(sums.image_ids):
        return None
    return known.columns(np.array([sums.columns.index(column) for column in columns]))


def _joined(reason: str | None, reason_without: str | None) -> str | None:
    said = [f"{where}: {text}" for where, text in (("with", reason), ("without", reason_without)) if text]
    return "; ".join(said) or None
