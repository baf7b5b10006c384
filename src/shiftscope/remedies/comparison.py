"""Answers with a remedy against those without it, on the same pictures: the rows that all remedies have."""

from collections.abc import Iterator

from shiftscope.sensitivity.summary import Sums
from shiftscope.statistics.intervals import Intervals, difference_intervals, intervals


def compared(
    remedied: Sums, plain: Sums, *, known: Intervals | None = None, seed: int, level: float, n_resamples: int
) -> Iterator[dict[str, object]]:
    """A row for each measure and condition that both have, on the pictures that both have: what `REMEDIES` says of the
    value with and without the remedy, of their difference, and of the numbers of pictures and pairs.

    `remedied` and `plain` are `summary.sums` of predictions with and without the remedy. `known` are the intervals of
    `plain.ratios`, for a caller who has them; they are of use where both have the same pictures and columns. `level` is
    the confidence level, in (0, 1), of intervals; `seed` and `n_resamples` are of the bootstrap.

    >>> import numpy as np
    >>> ones, rows = np.ones((4, 1)), np.full((4, 1), 2)
    >>> steady, other = (Sums(list("abcd"), [("top1_change", "all")], k * ones, 2 * ones, rows, ["rows"]) for k in (0, 1))
    >>> (row,) = compared(steady, other, seed=0, level=0.95, n_resamples=100)
    >>> row["without"], row["estimate"], row["difference"], row["n_images"], row["n_pairs"]
    (0.5, 0.0, -0.5, 4, 8)
    """
    there, columns_there = set(plain.image_ids), set(plain.columns)
    images = [image_id for image_id in remedied.image_ids if image_id in there]
    columns = [column for column in remedied.columns if column in columns_there]
    if not images or not columns:
        return
    ratios, other = remedied.of(images, columns), plain.of(images, columns)
    found = intervals(ratios, seed=seed, level=level, n_resamples=n_resamples)
    if known is None or images != plain.image_ids or columns != plain.columns:
        known = intervals(other, seed=seed, level=level, n_resamples=n_resamples)
    low, high = difference_intervals(ratios, other, found, known)
    place = {image_id: row for row, image_id in enumerate(remedied.image_ids)}
    counted = remedied.counted[[place[image_id] for image_id in images]].sum(0)
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


def _joined(reason: str | None, reason_without: str | None) -> str | None:
    said = [f"{where}: {text}" for where, text in (("with", reason), ("without", reason_without)) if text]
    return "; ".join(said) or None
