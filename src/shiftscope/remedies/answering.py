"""The remedies that work on answers, tried on what a network answered: no network is run."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core import tables
from shiftscope.core.progress import progress
from shiftscope.remedies import REMEDIES, Answers, Remedy, remedies
from shiftscope.remedies.comparison import compared
from shiftscope.remedies.positions import Common, common_positions, frames_behind, longest_runs, stride_in_steps
from shiftscope.remedies.scores import SCORES
from shiftscope.sensitivity.summing import sums
from shiftscope.stages.describing import describe
from shiftscope.statistics.intervals import intervals

FRAMES = pl.Schema({name: tables.PREDICTIONS[name] for name in ("image_id", "step", "value")})


@dataclass
class Trial:
    """A remedy on a protocol, and what has been answered with it so far."""

    name: str
    remedy: Remedy
    common: Common
    stride: int | None
    """As in `Answers`."""
    without: list[pl.DataFrame] = field(default_factory=list)
    """The predictions (tables.PREDICTIONS) of the network alone, at the common positions."""
    answered: dict[int, list[pl.DataFrame]] = field(default_factory=dict)
    """The predictions with the remedy at the same positions, for each setting."""
    seconds: dict[int, float] = field(default_factory=dict)
    """How long the remedy took for them."""

    def add(self, predictions: pl.DataFrame, logits: NDArray[np.float32], scores: NDArray[np.float64] | None) -> None:
        """Try the remedy on whole pictures.

        `predictions` (tables.PREDICTIONS), `logits`, (frames, outputs), and `scores`, (frames,), are of the same frames.
        """
        pictures, starts, end = [], [], 0
        for count in predictions["image_id"].rle().struct.field("len"):
            part = slice(end, end := end + count)
            steps = predictions["step"][part].to_numpy().astype(np.int64)
            pictures.append(Answers(logits[part], steps, None if scores is None else scores[part], self.stride))
            starts.append(np.flatnonzero(frames_behind(steps) >= self.common.reach))
        firsts = np.cumsum([0, *(len(picture.steps) for picture in pictures)])
        plain = predictions[np.concatenate([first + start for first, start in zip(firsts, starts, strict=False)])]
        self.without.append(plain)
        for setting in self.common.settings:
            begin = time.perf_counter()
            helped = [
                self.remedy.remedied(picture, setting, start) for picture, start in zip(pictures, starts, strict=True)
            ]
            self.seconds[setting] = self.seconds.get(setting, 0) + time.perf_counter() - begin
            described = describe(plain, np.concatenate(helped), np.arange(len(plain)))
            self.answered.setdefault(setting, []).append(described)


def answer_remedies(
    *,
    card: Mapping[str, Any],
    tried: Sequence[Mapping[str, Any]],
    predictions: Sequence[str | Path],
    scores: Sequence[str | Path],
    seed: int,
    level: float,
    n_resamples: int,
) -> pl.DataFrame:
    """What the remedies that work on answers do for one network on one data set: columns of REMEDIES.

    Parameters
    ----------
    card : of the network (`stages.prepare`).
    tried : for each protocol its name (``protocol``), whether its swept quantity is a move in px (``moves``), and the
        ``kind`` and ``options`` of each of the ``remedies`` that are tried on it, by their names.
    predictions : the shards of the predictions of each of these protocols, with all logits (`stages.describing.LOGITS`).
    scores : the shards of the scores (SCORES) of those protocols of which a remedy needs them, in the same order.
    seed, level, n_resamples : of the intervals.
    """
    shards = len(predictions) // max(1, len(tried))
    answers, scored = iter(_chunks(predictions, shards)), iter(_chunks(scores, shards))
    rows: list[dict[str, object]] = []
    for protocol in tried:
        chosen = {name: read_remedy(**section) for name, section in protocol["remedies"].items()}
        files = next(answers)
        score_files = next(scored) if any(remedy.needs_scores() for remedy in chosen.values()) else None
        stride = card["subsampling_stride"] if protocol["moves"] else None
        for trial in trials(chosen, files, score_files, stride):
            said = {"network": card["network"], "remedy": trial.name, "kind": trial.remedy.kind}
            said["protocol"] = protocol["protocol"]
            rows += [
                said | row for row in _rows(trial, ms_per_frame(card), seed=seed, level=level, n_resamples=n_resamples)
            ]
    return tables.table(rows, REMEDIES).fill_nan(None)


def read_remedy(kind: str, options: Mapping[str, Any]) -> Remedy:
    """A remedy of the config from its kind and its options."""
    return remedies[kind].item.model_validate({**options, "kind": kind})


def _chunks(files: Sequence[str | Path], size: int) -> list[Sequence[str | Path]]:
    return [files[start : start + size] for start in range(0, len(files), max(1, size))]


def trials(
    chosen: Mapping[str, Remedy],
    files: Sequence[str | Path],
    score_files: Sequence[str | Path] | None,
    stride: int | None,
) -> list[Trial]:
    """The remedies tried on all pictures of a protocol, a few pictures at a time.

    Parameters
    ----------
    chosen : the remedies by name.
    files : shards of predictions with logits.
    score_files : as many shards of scores; None where no remedy needs them.
    stride : px that move the network's last map by one cell; None where that, or how far the picture moves, is not known.
    """
    frames = tables.read(files, FRAMES)
    longest, steps = longest_runs(frames), stride_in_steps(frames, stride)
    made = [Trial(name, remedy, common_positions(remedy, longest, steps), steps) for name, remedy in chosen.items()]
    pieces = kept_answers(files, score_files) if any(trial.common.settings for trial in made) else iter(())
    for predictions, logits, scores in progress(pieces, len(frames), "frames", lambda piece: len(piece[0])):
        for trial in made:
            if trial.common.settings:
                trial.add(predictions, logits, scores)
    return made


def kept_answers(
    files: Sequence[str | Path], score_files: Sequence[str | Path] | None = None
) -> Iterator[tuple[pl.DataFrame, NDArray[np.float32], NDArray[np.float64] | None]]:
    """Predictions (tables.PREDICTIONS), logits (frames, outputs) and scores (frames,) of a few whole pictures at a time.

    `files` are shards of predictions that keep all logits, and `score_files` as many shards of scores.
    """
    import pyarrow.parquet as pq

    for place, path in enumerate(files):
        scores = None if score_files is None else tables.read(score_files[place], SCORES)
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                logits = rows["logits"].combine_chunks().flatten().to_numpy().reshape(rows.num_rows, -1)
                predictions = tables.PREDICTIONS.to_frame().vstack(pl.DataFrame(rows.drop_columns("logits")))
                found = None
                if scores is not None:
                    found = predictions.join(scores, on=["image_id", "step"], how="left", maintain_order="left")["score"]
                yield predictions, logits, None if found is None else found.to_numpy()


def ms_per_frame(card: Mapping[str, Any]) -> float | None:
    """The time of one answer of the network alone, with the engine and the batch size that were chosen; None where it was
    not measured.

    >>> timed = [{"engine": name, "batch_size": 8, "ms_per_frame": ms} for name, ms in (("eager", 5.0), ("openvino", 2.0))]
    >>> ms_per_frame({"engine": "openvino", "batch_size": 8, "calibration": timed})
    2.0
    """
    for timed in card.get("calibration") or ():
        if (timed["engine"], timed["batch_size"]) == (card["engine"], card["batch_size"]):
            return float(timed["ms_per_frame"])
    return None


def _rows(trial: Trial, ms: float | None, **bootstrap: Any) -> Iterator[dict[str, object]]:
    """The rows of a trial, without the names of network, remedy and protocol."""
    for setting, reason in trial.common.reasons.items():
        yield {"setting": setting, "passes": trial.remedy.passes(setting), "reason": reason}
    if not trial.common.settings:
        return
    plain = sums(pl.concat(trial.without))
    known = intervals(plain.ratios, **bootstrap)
    for setting in trial.common.settings:
        helped = sums(pl.concat(trial.answered[setting]))  # of the same frames
        passes = trial.remedy.passes(setting)
        per_answer = 1000 * trial.seconds[setting] / max(1, sum(map(len, trial.without)))
        price = {
            "passes": passes,
            "time_ratio": None if ms is None else passes + per_answer / ms,
            "parameters_added": 0,
            "epochs": 0,
        }
        yield from ({"setting": setting, **row, **price} for row in compared(helped, plain, known=known, **bootstrap))
