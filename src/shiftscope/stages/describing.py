"""Logits as rows of predictions: numbers that are computed where the logits are, and the table that is made of them."""

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.networks.answers import powers

LOGITS = pl.Schema({**tables.PREDICTIONS, "logits": pl.List(pl.Float32)})
"""The columns of a shard of predictions that keeps all logits. In float16 they would have errors of the size of small mean
absolute changes."""


class Summary(NamedTuple):
    """What is written of logits: arrays with one element per frame, in the order of the frames. Only this leaves the
    device."""

    top5: Any
    """(frames, up to 5): the classes with the largest logits, from the largest."""
    top5_prob: Any
    """(frames, up to 5): their probabilities."""
    label_prob: Any
    """(frames,): the probability of the label."""
    label_rank: Any
    """(frames,): its rank, from 1."""
    before_prob: Any
    """(frames,): the probability of the class that was the top one in the frame before."""
    finite: Any
    """(): whether all logits are finite."""
    logits: Any
    """(windows, outputs): of the distinct windows that the frames show, float32; (0, outputs) where they are not kept."""


def summarise(xp: Any, logits: Any, shown: Any, label: Any, keep_logits: bool) -> Summary:
    """What is written of logits, (windows, outputs), computed by their own array library and where they are.

    Parameters
    ----------
    xp : numpy or torch; all arrays are its own.
    logits : of the distinct windows.
    shown : (frames,): which of the windows each frame shows.
    label : (frames,): a class; any where it is unknown.

    Of equal logits the one with the smaller index ranks first, so that the same frame always gives the same row.

    >>> logits = np.log(np.array([[0.75, 0.25], [0.5, 0.5]], np.float32))
    >>> found = summarise(np, logits, np.array([0, 1]), np.array([1, 1]), False)
    >>> found.top5.tolist(), found.label_rank.tolist(), found.before_prob.round(3).tolist()
    ([[0, 1], [0, 1]], [2, 2], [0.75, 0.5])
    """
    with np.errstate(invalid="ignore"):  # of infinite logits, which `finite` says
        shares, totals = powers(logits, xp)

    def probability(windows: Any, classes: Any) -> Any:
        return shares[windows, classes] / totals[windows, 0]

    top5 = _largest(xp, logits, min(5, logits.shape[1]))
    rows = xp.arange(len(shown), device=logits.device)
    before = xp.where(rows > 0, rows - 1, rows)
    return Summary(
        top5=top5[shown],
        top5_prob=probability(shown[:, None], top5[shown]),
        label_prob=probability(shown, label),
        label_rank=_ranks(xp, logits[shown], label),
        before_prob=probability(shown, top5[shown[before], 0]),
        finite=xp.isfinite(logits).all(),
        logits=logits if keep_logits else logits[:0],
    )


def _ranks(xp: Any, logits: Any, label: Any) -> Any:
    """The ranks, from 1, of these classes; of equal logits the smaller index comes first."""
    classes = xp.arange(logits.shape[1], device=logits.device)
    own = logits[xp.arange(len(logits), device=logits.device), label][:, None]
    return 1 + ((logits > own) | ((logits == own) & (classes < label[:, None]))).sum(1)


def _largest(xp: Any, logits: Any, count: int) -> Any:
    """The indices of the `count` largest logits of each row, (rows, count), the first of equal ones first. It takes less
    time than sorting a thousand classes, and torch's `topk` does not say which of equal ones comes first."""
    left = xp.asarray(logits, copy=True)
    rows = xp.arange(len(left), device=logits.device)
    found = []
    for _ in range(count):
        found.append(xp.argmax(left, axis=1))
        left[rows, found[-1]] = -np.inf
    return xp.stack(found, axis=1)


def table(frames: pl.DataFrame, found: Summary, shown: NDArray[np.int64], keep_logits: bool = False) -> pl.DataFrame:
    """A summary, of numpy arrays, as rows of tables.PREDICTIONS; the other parameters are those of `describe`."""
    known = frames["label"].is_not_null().to_numpy()
    # Series rather than expressions: a query costs as much as a thousand classes of a hundred frames.
    columns = [
        *(frames[name] for name in ("image_id", "step", "value", "label")),
        _known("label_prob", found.label_prob, known),
        _known("label_rank", found.label_rank, known),
        pl.Series("top5", found.top5.astype(np.int32)),
        pl.Series("top5_prob", found.top5_prob.astype(np.float32)),
        _known("prob_of_previous_top1", found.before_prob, _follows(frames)),
        *([pl.Series("logits", found.logits[shown])] if keep_logits else []),
    ]
    schema = LOGITS if keep_logits else tables.PREDICTIONS
    return pl.DataFrame([column.cast(schema[column.name]) for column in columns])


def describe(
    frames: pl.DataFrame, logits: NDArray[np.float32], shown: NDArray[np.int64], keep_logits: bool = False
) -> pl.DataFrame:
    """Logits as rows of tables.PREDICTIONS: n rows.

    Parameters
    ----------
    frames : n rows with image_id, step, value and label (null where unknown), ordered by image and step.
    logits : (windows, outputs), of the distinct windows.
    shown : (n,): which of the windows each frame shows.
    keep_logits : whether to add the column ``logits``.

    Of equal logits the one with the smaller index ranks first, so that the same frame always gives the same row.

    >>> frames = pl.DataFrame({"image_id": "cat", "step": [0, 1], "value": [0.0, 1.0], "label": [1, 1]})
    >>> logits = np.log(np.array([[0.75, 0.25], [0.5, 0.5]], np.float32))
    >>> rows = describe(frames, logits, np.array([0, 1]))
    >>> rows["label_prob"].to_list(), rows["label_rank"].to_list(), rows["top5"].to_list()
    ([0.25, 0.5], [2, 2], [[0, 1], [0, 1]])
    """
    return table(frames, summarise(np, logits, shown, labels(frames), keep_logits), shown, keep_logits)


def labels(frames: pl.DataFrame) -> NDArray[np.int64]:
    """The labels of frames, 0 where they are unknown."""
    return np.asarray(frames["label"].cast(pl.Int64).fill_null(0).to_numpy())


def _known(name: str, values: NDArray[Any], known: NDArray[np.bool_]) -> pl.Series:
    """`values` as float64, null where they are not known."""
    return pl.Series(name, np.where(known, values, np.nan), nan_to_null=True)


def _follows(frames: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether each frame is one step behind the row before it, of the same image."""
    image, step = frames["image_id"], frames["step"].to_numpy()
    found = np.zeros(len(frames), bool)
    found[1:] = (image[1:] == image[:-1]).to_numpy() & (step[1:] == step[:-1] + 1)
    return found
