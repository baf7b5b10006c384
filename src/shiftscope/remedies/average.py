"""Test-time averaging: the mean of the answers on the picture at several places."""

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from shiftscope.core import limits
from shiftscope.networks.answers import softmax
from shiftscope.remedies import Answers, Counts, Remedy, remedies

Floats = NDArray[np.float64]


def _apart(given: Any) -> Any:
    """`given`, if it is a distance; said here, since the errors of each alternative would name it in their own way."""
    whole = isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= limits.STEPS
    if given != "phases" and not whole:
        raise ValueError(f"write a whole number of steps, from 1 to {limits.STEPS:,}, or 'phases'")
    return given


@remedies.register(
    "average",
    title="averaged over shifts",
    reference="test-time augmentation: Krizhevsky et al. 2012, section 4.1; Azulay & Weiss 2018, arXiv:1805.12177",
)
class Average(Remedy):
    """The mean of the answers on neighbouring frames: each answer is that of the network on `counts` shifted pictures."""

    counts: Counts = Field((1, 2, 4, 8, 16), min_length=1)
    """How many frames an answer is the mean of: a row of the table for each. The mean of 1 is the network as it is."""
    over: Literal["logits", "probabilities"] = "logits"
    """What is averaged. The mean of probabilities counts with its logarithm as the logits."""
    apart: Annotated[int | Literal["phases"], BeforeValidator(_apart)] = 1
    """Steps between the frames that are averaged. `phases`: the stride of the network ÷ the number of frames, rounded down
    and at least 1, so that they are spread over one period of it, such as a patch of a transformer. This needs a network
    whose stride is known and a protocol that moves the picture by the same whole number of pixels, or the same fraction of
    one, at each step."""

    def settings(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.counts)))

    def passes(self, setting: int) -> int:
        return setting

    def reach(self, setting: int, stride: int | None) -> int | None:
        apart = self._steps_apart(setting, stride)
        return None if apart is None else (setting - 1) * apart

    def _steps_apart(self, setting: int, stride: int | None) -> int | None:
        if self.apart != "phases":
            return self.apart
        return None if stride is None else max(1, stride // setting)

    def remedied(self, answers: Answers, setting: int, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        apart = self._steps_apart(setting, answers.stride)
        assert apart is not None, "not asked where the reach is not known"
        if setting == 1:
            return answers.logits[starts]  # not the logarithm of their softmax, which differs in the last bits
        if self.over == "logits":
            return window_mean(answers.logits.astype(np.float64), starts, setting, apart).astype(np.float32)
        mean = window_mean(in_24_bits(softmax(answers.logits)), starts, setting, apart)
        return np.log(np.maximum(mean, np.finfo(np.float64).tiny)).astype(np.float32)  # finite where all are 0


def window_mean(values: Floats, starts: NDArray[np.int64], count: int, apart: int) -> Floats:
    """The mean of the rows start, start + apart, …, `count` of them, for each start: (starts, columns).

    `values`, (rows, columns), are float64 with at most 24 significant bits each, as float32 has. The sum of `count` such
    numbers is exact where the largest is less than 2²⁹ ÷ count times the smallest that is not 0. It then does not depend on
    the order, and means of the same answers in another order are equal to the bit.

    >>> window_mean(np.array([[1.0], [2.0], [4.0], [8.0]]), np.array([0, 1]), 2, apart=2)
    array([[2.5],
           [5. ]])
    """
    total = values[starts]
    for place in range(1, count):
        total += values[starts + place * apart]
    return total / count


def in_24_bits(values: Floats) -> Floats:
    """`values` rounded to 24 significant bits, those of float32, with the exponents of float64: small probabilities stay
    above 0 (the splitting of Veltkamp; Dekker 1971, Numerische Mathematik 18).

    >>> in_24_bits(np.array([1 + 2.0**-30, 2.0**-300])) == np.array([1.0, 2.0**-300])
    array([ True,  True])
    """
    scaled = values * float(2**29 + 1)
    return np.asarray(scaled - (scaled - values))
