"""Measures of every network and protocol, with intervals."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.sensitivity import CURVES, SENSITIVITY
from shiftscope.sensitivity.measures import Measure, measures
from shiftscope.sensitivity.rows import frame_rows, pair_rows
from shiftscope.statistics.intervals import intervals
from shiftscope.statistics.ratios import Floats, Ratios

Cell = tuple[str, str]
"""Protocol and network."""


@dataclass(frozen=True)
class Sums:
    """All measures of one network on one protocol, as sums per image."""

    image_ids: list[str]
    columns: list[tuple[str, Any]]
    """Measure, and condition (`all`, `right`, `matched`) or swept value."""
    numerator: Floats
    """(images, columns)"""
    denominator: Floats
    counted: NDArray[np.int64]
    """(images, columns): rows that count."""
    kinds: list[str]
    """What each column is: a share of `rows` or of `images`, a `total` of events in rows, or another `mean`."""

    def of(self, image_ids: list[str], columns: list[tuple[str, Any]]) -> Ratios:
        """The ratios of these images and columns, in this order. A total is over these images alone."""
        place = {image_id: row for row, image_id in enumerate(self.image_ids)}
        chosen = [self.columns.index(column) for column in columns]
        cells = np.ix_([place[image_id] for image_id in image_ids], chosen)
        kinds = [self.kinds[column] for column in chosen]
        total = np.array([kind == "total" for kind in kinds], dtype=bool)
        rows = self.counted[cells].sum(0).astype(np.float64)
        denominator = np.where(total, (rows > 0) / max(1, len(image_ids)), self.denominator[cells])
        images = (denominator != 0).sum(0)
        by_kind = {"rows": rows, "total": rows, "images": images, "mean": np.full(len(kinds), np.nan)}
        trials = np.array([by_kind[kind][column] for column, kind in enumerate(kinds)], dtype=np.float64)
        return Ratios(self.numerator[cells], denominator, trials, np.where(total, np.maximum(rows, 1), 1.0))

    @property
    def ratios(self) -> Ratios:
        """The ratios of all images and columns."""
        return self.of(self.image_ids, self.columns)


def all_sums(files: Mapping[Cell, str | Path], ordered: Mapping[str, bool]) -> dict[Cell, Sums]:
    """`sums` of every file of predictions (tables.PREDICTIONS). The networks of a protocol are also compared at confidences
    that are matched among them.

    `ordered` says of each protocol whether neighbouring steps are neighbours.
    """
    found: dict[Cell, Sums] = {}
    for protocol, cells in groupby(sorted(files, key=lambda cell: cell[0]), key=lambda cell: cell[0]):
        networks = {cell: tables.read(files[cell], tables.PREDICTIONS) for cell in cells}
        target = None
        if ordered[protocol] and len(networks) > 1:
            target = common_confidence([pair_rows(frame_rows(table)) for table in networks.values()])
        found |= {cell: sums(table, ordered=ordered[protocol], target=target) for cell, table in networks.items()}
    return {cell: found[cell] for cell in files}


def sums(predictions: pl.DataFrame, *, ordered: bool = True, target: Floats | None = None) -> Sums:
    """Sums per image of every measure that `predictions` (tables.PREDICTIONS) can answer.

    Measures that need labels are of the images that have one, and left out where none has; those of pairs are left out
    where no image has two frames, or where steps are not `ordered`. `target` is the distribution of confidence to match.

    >>> from shiftscope.core.tables import PREDICTIONS
    >>> rows = [{"image_id": "cat", "step": k, "top5": [k % 2], "top5_prob": [1.0]} for k in range(3)]
    >>> found = sums(pl.DataFrame(rows, schema=PREDICTIONS))
    >>> column = found.columns.index(("top1_change", "all"))
    >>> found.numerator[0, column].item(), found.denominator[0, column].item()  # both pairs change
    (2.0, 2.0)
    """
    frames = frame_rows(predictions)
    return _sums(frames, _questions(frames, ordered, target))


def value_sums(predictions: pl.DataFrame, *, ordered: bool = True) -> Sums:
    """Sums per image of every mean over rows, separate for each swept value; the columns are measure and value.

    >>> from shiftscope.core.tables import PREDICTIONS
    >>> rows = [{"image_id": "cat", "step": k, "value": 2.0 * k, "label_rank": 1 + k, "top5": [0]} for k in range(2)]
    >>> found = value_sums(pl.DataFrame(rows, schema=PREDICTIONS))
    >>> [found.numerator[0, found.columns.index(("accuracy", value))].item() for value in (0.0, 2.0)]  # right, then wrong
    [1.0, 0.0]
    """
    frames = frame_rows(predictions)
    return _sums(frames, _by_value(frames, ordered))


Question = tuple[Any, pl.DataFrame, dict[str, Measure]]
"""Condition or swept value, the rows that meet it, and the measures that see them."""


def _sums(frames: pl.DataFrame, questions: Iterable[Question]) -> Sums:
    images = frames.select(pl.col("image_id").unique(maintain_order=True))
    numerators, denominators, counted, columns = [], [], [], []
    kinds: list[str] = []
    # A total is a ratio to a constant: resampled images always make up one whole data set.
    whole = np.full(len(images), 1 / max(1, len(images)))
    for condition, table, chosen in questions:
        summed = images.join(_per_image(table, chosen), on="image_id", how="left", maintain_order="left").fill_null(0)
        for name, measure in chosen.items():
            bottom = summed[f"{name} denominator"].cast(pl.Float64).to_numpy() if measure.denominator is not None else whole
            if measure.over == "frames" and not bottom.any():
                continue  # no sequence is of the kind that it is about
            columns.append((name, condition))
            numerators.append(summed[f"{name} numerator"].cast(pl.Float64).to_numpy())
            denominators.append(bottom)
            counted.append(summed[f"{name} counted"].cast(pl.Int64).to_numpy())
            kinds.append("total" if measure.denominator is None else measure.share_of or "mean")
    shape = len(columns), len(images)  # said, for there may be none
    numerator, denominator, rows = (np.array(part).reshape(shape).T for part in (numerators, denominators, counted))
    return Sums(images["image_id"].to_list(), columns, numerator, denominator, rows.astype(np.int64), kinds)


def _questions(frames: pl.DataFrame, ordered: bool, target: Floats | None) -> Iterator[Question]:
    """By condition; nothing where there are no rows to choose from."""
    for over, rows, here in _asked(frames, ordered):
        free = {name: measure for name, measure in here.items() if "labels" not in measures[name].needs}
        bound = {name: measure for name, measure in here.items() if name not in free}
        if free and len(rows):
            yield "all", rows, free
        labelled = rows.filter(pl.col("right").is_not_null())
        if bound and len(labelled):
            yield "all", labelled, bound
        if over == "pairs" and len(labelled):
            yield "right", labelled.filter(pl.col("previous_right")), free | bound
        if over == "frames" and free and len(labelled):
            yield "right", labelled.filter(pl.col("right").first().over("image_id", order_by="step")), free
        if over == "pairs" and target is not None and len(rows):
            weighed = matched(rows, target).filter(pl.col("weight") > 0)
            labelled = weighed.filter(pl.col("right").is_not_null())
            yield "matched", weighed, {name: measure for name, measure in free.items() if measure.by_row}
            if len(labelled):
                yield "matched", labelled, {name: measure for name, measure in bound.items() if measure.by_row}


def _asked(frames: pl.DataFrame, ordered: bool) -> Iterator[tuple[str, pl.DataFrame, dict[str, Measure]]]:
    """Frames and pairs, and the measures over them that make sense here. Of sequences of one frame, only the means."""
    found = {entry.name: entry.item() for entry in measures}
    several = bool((frames.group_by("image_id").len()["len"] > 1).any())
    for over, rows in (("frames", frames), *([("pairs", pair_rows(frames))] if ordered else [])):
        yield (
            over,
            rows,
            {
                name: measure
                for name, measure in found.items()
                if measure.over == over and (several or measure.by_row) and (ordered or not measure.neighbours)
            },
        )


def _by_value(frames: pl.DataFrame, ordered: bool) -> Iterator[Question]:
    for _, rows, here in _asked(frames, ordered):
        chosen = {name: measure for name, measure in here.items() if measure.by_row}
        for (value,), part in sorted(rows.group_by("value"), key=lambda group: group[0]):
            free = {name: measure for name, measure in chosen.items() if "labels" not in measures[name].needs}
            yield value, part, free
            labelled = part.filter(pl.col("right").is_not_null())
            if len(labelled):
                yield value, labelled, {name: measure for name, measure in chosen.items() if name not in free}


CONFIDENCE_BINS = 10
"""Of equal width over (0, 1]."""


def _bin(pairs: pl.DataFrame) -> NDArray[np.int64]:
    """In which bin of confidence each pair begins: the probability of the top class on its first frame."""
    confidence = pairs["top1_prob_before"].to_numpy()
    return np.asarray(np.clip(np.ceil(confidence * CONFIDENCE_BINS) - 1, 0, CONFIDENCE_BINS - 1), dtype=np.int64)


def _shares(pairs: pl.DataFrame) -> Floats:
    counts = np.bincount(_bin(pairs), minlength=CONFIDENCE_BINS).astype(np.float64)
    return np.asarray(counts / max(1, counts.sum()))


def common_confidence(networks: Iterable[pl.DataFrame]) -> Floats:
    """How confident the networks are on average: shares of pairs in ten bins of confidence, (10,), that sum to 1.

    Only bins count in which every network has pairs (`rows.pair_rows`); all shares are 0 where there is no such bin.

    >>> one, other = (pl.DataFrame({"top1_prob_before": values}) for values in ([0.05, 0.95], [0.96, 0.97]))
    >>> common_confidence([one, other])[[0, 9]].tolist()  # both have pairs in the last bin alone
    [0.0, 1.0]
    """
    shares = np.array([_shares(pairs) for pairs in networks])
    common = np.where((shares > 0).all(0), shares.mean(0), 0)
    return np.asarray(common / max(common.sum(), np.finfo(float).tiny))


def matched(pairs: pl.DataFrame, target: Floats) -> pl.DataFrame:
    """`pairs` with weights that give their confidences the distribution `target`, (10,): direct standardisation.

    A network that is surer of its answers is then not steadier for that alone. Intervals take the weights as given.

    >>> pairs = pl.DataFrame({"top1_prob_before": [0.05, 0.95, 0.95, 0.95]})
    >>> target = np.array([0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])  # they have shares of ¼ and ¾: weights ½ ÷ ¼ and ½ ÷ ¾
    >>> matched(pairs, target)["weight"].round(3).to_list()
    [2.0, 0.667, 0.667, 0.667]
    """
    own = _shares(pairs)
    weights = np.divide(target, own, out=np.zeros_like(target), where=own > 0)
    return pairs.with_columns(pl.Series("weight", weights[_bin(pairs)]))


def _per_image(rows: pl.DataFrame, chosen: Mapping[str, Measure]) -> pl.DataFrame:
    expressions = []
    for name, measure in chosen.items():
        expressions += [measure.numerator.alias(f"{name} numerator"), measure.counted.alias(f"{name} counted")]
        if measure.denominator is not None:
            expressions.append(measure.denominator.alias(f"{name} denominator"))
    return rows.group_by("image_id", maintain_order=True).agg(expressions)


def sensitivity(cells: Mapping[Cell, Sums], *, seed: int, level: float, n_resamples: int) -> pl.DataFrame:
    """Every measure of every network and protocol, columns of SENSITIVITY; an estimate is null where its denominator is 0.

    `cells` are `all_sums`; `level` is the confidence level, in (0, 1), of intervals; `seed` and `n_resamples` are of the
    bootstrap.

    >>> columns = [("accuracy", "all")]
    >>> found = Sums(["a", "b"], columns, np.array([[1.0], [0.0]]), np.ones((2, 1)), np.ones((2, 1), np.int64), ["rows"])
    >>> sensitivity({("crop", "resnet"): found}, seed=0, level=0.95, n_resamples=100)["estimate"].to_list()
    [0.5]
    """
    rows: list[dict[str, object]] = []
    for (protocol, network), cell in cells.items():
        if not cell.columns:
            continue
        found = _estimates(cell, seed=seed, level=level, n_resamples=n_resamples)
        rows += [
            {"network": network, "protocol": protocol, "condition": condition, "n_pairs": counted, **row}
            for condition, counted, row in found
        ]
    return tables.table(rows, SENSITIVITY).fill_nan(None)


def _estimates(cell: Sums, *, seed: int, level: float, n_resamples: int) -> Iterator[tuple[Any, int, dict[str, object]]]:
    """Condition or swept value, rows that count, and the columns that every table of estimates has."""
    ratios = cell.ratios
    found = intervals(ratios, seed=seed, level=level, n_resamples=n_resamples)
    n_images, n_rows = ratios.counted, cell.counted.sum(0)
    for k, (measure, at) in enumerate(cell.columns):
        row = {
            "measure": measure,
            "estimate": found.estimate[k],
            "ci_low": found.low[k],
            "ci_high": found.high[k],
            "reason": found.reason[k],
            "n_images": n_images[k],
        }
        yield at, int(n_rows[k]), row


MOST_VALUES = 400
"""A protocol that sweeps more values than that (random places, angles, …) has no curve."""


def curves(
    files: Mapping[Cell, str | Path], ordered: Mapping[str, bool], *, seed: int, level: float, n_resamples: int
) -> pl.DataFrame:
    """Every mean over frames or pairs by the swept value, for every network and protocol, columns of CURVES.

    `files` are predictions (tables.PREDICTIONS); the other parameters are those of `all_sums` and `sensitivity`. A protocol
    that sweeps nothing, or more than `MOST_VALUES` values, has no curve.
    """
    rows: list[dict[str, object]] = []
    for (protocol, network), path in files.items():
        predictions = tables.read(path, tables.PREDICTIONS)
        if not 1 < predictions["value"].n_unique() <= MOST_VALUES:
            continue
        cell = value_sums(predictions, ordered=ordered[protocol])
        found = _estimates(cell, seed=seed, level=level, n_resamples=n_resamples)
        rows += [{"network": network, "protocol": protocol, "value": value, **row} for value, _, row in found]
    return tables.table(rows, CURVES).fill_nan(None).sort("protocol", "network", "measure", "value", maintain_order=True)
