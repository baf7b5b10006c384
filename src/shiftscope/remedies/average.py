"""Test-time averaging: the mean of the answers on the picture at several places."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shiftscope.remedies import Answers, Remedy, remedies


@remedies.register(
    "average",
    title="averaged over shifts",
    reference="test-time augmentation: Krizhevsky et al. 2012, section 4.1; Azulay & Weiss 2018, arXiv:1805.12177",
)
class Average(Remedy):
    """The mean of the answers on neighbouring frames: each answer is that of the network on `counts` shifted pictures."""

    counts: tuple[int, ...] = Field((1, 2, 4, 8, 16), min_length=1)
    """How many frames an answer is the mean of: a row of the table for each."""
    over: Literal["logits", "probabilities"] = "logits"
    """What is averaged."""
    apart: int | Literal["phases"] = 1
    """Steps between the frames that are averaged; `phases`: the stride of the network ÷ the number of frames, so that they
    are spread evenly over one period of it, such as a patch of a transformer."""

    def settings(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.counts)))

    def passes(self, setting: int) -> int:
        return setting

    def reach(self, setting: int, stride: int | None) -> int | None:
        apart = self._apart(setting, stride)
        return None if apart is None else (setting - 1) * apart

    def _apart(self, setting: int, stride: int | None) -> int | None:
        if self.apart != "phases":
            return self.apart
        return None if stride is None else max(1, stride // setting)

    def remedied(self, answers: Answers, setting: int, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        raise NotImplementedError
