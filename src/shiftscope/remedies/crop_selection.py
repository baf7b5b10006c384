"""Choosing the crop: of several crops of a picture, the one with the highest score is shown to the network."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.remedies import Answers, Counts, Remedy, remedies


@remedies.register(
    "crop_selection",
    title="the crop chosen by its content",
    reference="the principle is that of Shifman & Weiss 2024, arXiv:2404.07153; the score is our own",
)
class CropSelection(Remedy):
    """The answer on that one of `counts` neighbouring frames whose score is the highest. The score of a frame depends on
    its own pixels alone (docs/remedies.md), so that the same crop is chosen wherever the picture is, as long as that crop
    is among those to choose from."""

    counts: Counts = Field((2, 4, 8, 16, 32), min_length=1)
    """How many frames an answer is chosen among: a row of the table for each."""

    def settings(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.counts)))

    def passes(self, setting: int) -> int:
        return 1

    def needs_scores(self) -> bool:
        return True

    def reach(self, setting: int, stride: int | None) -> int | None:
        return setting - 1

    def remedied(self, answers: Answers, setting: int, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        assert answers.scores is not None, "not asked without scores"
        candidates = starts[:, None] + np.arange(setting)
        best = answers.scores[candidates].argmax(1)  # the first of equal ones
        return np.asarray(answers.logits[starts + best])
