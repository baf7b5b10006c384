"""The mean of answers: against a slow loop, and what must hold exactly."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shiftscope.remedies import Answers
from shiftscope.remedies.average import Average, in_24_bits

RNG = np.random.default_rng(3)


def answers(logits, stride=None):
    return Answers(np.asarray(logits, np.float32), np.arange(len(logits)), stride=stride)


def probabilities(row):
    powers = [math.exp(value - max(row)) for value in row]
    return [power / math.fsum(powers) for power in powers]


@pytest.mark.parametrize("over", ["logits", "probabilities"])
def test_the_mean_of_one_is_the_network_to_the_bit(over):
    logits = RNG.normal(0, 5, (7, 11)).astype(np.float32)
    starts = np.array([0, 2, 6])
    found = Average(over=over).remedied(answers(logits), 1, starts)
    assert found.dtype == np.float32
    assert found.tobytes() == logits[starts].tobytes()


@pytest.mark.parametrize("over", ["logits", "probabilities"])
@pytest.mark.parametrize(("apart", "stride", "expected"), [(1, None, 1), (3, None, 3), ("phases", 12, 3), ("phases", 2, 1)])
def test_it_is_the_mean_of_a_slow_loop(over, apart, stride, expected):
    logits, count, starts = RNG.normal(0, 3, (20, 6)).astype(np.float32), 4, [0, 1, 5, 10]
    remedy = Average(over=over, apart=apart)
    assert remedy.reach(count, stride) == 3 * expected
    assert remedy.passes(count) == count
    found = remedy.remedied(answers(logits, stride), count, np.array(starts))
    for start, row in zip(starts, found, strict=True):
        rows = [logits[start + place * expected].tolist() for place in range(count)]
        shown = rows if over == "logits" else [probabilities(values) for values in rows]
        mean = [math.fsum(values) / count for values in zip(*shown, strict=True)]
        np.testing.assert_allclose(row, mean if over == "logits" else np.log(mean), rtol=1e-6, atol=1e-6)


def test_phases_are_not_known_without_a_stride():
    assert Average(apart="phases").reach(4, None) is None


def test_an_impossible_class_stays_finite_and_ranks_last():
    logits = np.array([[2000.0, 0, 1], [2000.0, 1, 0]])
    found = Average(over="probabilities").remedied(answers(logits), 2, np.array([0]))
    assert np.isfinite(found).all()
    assert found.argmax() == 0


@settings(max_examples=40)
@given(st.lists(st.floats(-4, 4, width=32), min_size=16, max_size=16), st.permutations(range(16)))
def test_the_mean_does_not_depend_on_the_order(values, order):
    # Values of similar size, so that their sums are exact.
    logits = np.array([[value, math.copysign(1 + abs(value), value)] for value in values], np.float32)[:, 1:]
    logits = np.concatenate([logits, -logits, logits / 3], axis=1).astype(np.float32)
    for over in ("logits", "probabilities"):
        found, again = (
            Average(over=over).remedied(answers(rows), 16, np.array([0])) for rows in (logits, logits[list(order)])
        )
        assert found.tobytes() == again.tobytes()


def test_24_bits_are_those_of_float32_with_a_larger_range():
    values = RNG.uniform(0, 1, 10_000)
    assert (in_24_bits(values) == values.astype(np.float32)).all()
    assert in_24_bits(np.array([1e-200]))[0] == pytest.approx(1e-200, rel=2**-24)


def circular_network(picture, seed=0):
    """The answers of a network of circular convolutions, two of stride 2, a ReLU and the mean over the map: (classes,)."""
    rng = np.random.default_rng(seed)
    maps = picture[None]
    for channels in (5, 6):
        kernels = rng.normal(0, 1, (channels, len(maps), 3, 3))
        shifted = [np.roll(maps, (-y, -x), (1, 2)) for y in range(3) for x in range(3)]
        maps = np.einsum("ocp,pchw->ohw", kernels.reshape(channels, -1, 9), np.stack(shifted))
        maps = np.maximum(maps, 0)[:, ::2, ::2]
    return (rng.normal(0, 1, (4, len(maps))) @ maps.mean((1, 2))).astype(np.float32)


def changes(remedy, logits, count, **more):
    """P(top-1 change) of a remedy over all positions of a sequence."""
    reach = remedy.reach(count, more.get("stride"))
    helped = remedy.remedied(answers(logits, **more), count, np.arange(len(logits) - reach))
    top = helped.argmax(1)
    return (top[1:] != top[:-1]).mean()


@pytest.fixture(scope="module")
def circular():
    """Answers of 30 pictures on circular shifts by 0 … 19 px, which repeat with the stride of 4."""
    pictures = np.random.default_rng(8).normal(0, 1, (30, 16, 16))
    return [
        np.stack([circular_network(np.roll(picture, shift % 4, 1)) for shift in range(20)]).astype(np.float32)
        for picture in pictures
    ]


def test_the_answers_of_the_circular_network_repeat_with_its_stride():
    picture = np.random.default_rng(8).normal(0, 1, (16, 16))
    np.testing.assert_allclose(circular_network(picture), circular_network(np.roll(picture, 4, 1)), rtol=1e-4)


@pytest.mark.parametrize("over", ["logits", "probabilities"])
def test_the_average_over_a_period_of_the_stride_never_changes(circular, over):
    mean = Average(over=over)
    assert {changes(mean, logits, 4) for logits in circular} == {0.0}
    assert {changes(Average(over=over, apart="phases"), logits, 2, stride=8) for logits in circular} != {0.0}
    assert {changes(Average(over=over, apart="phases"), logits, 4, stride=4) for logits in circular} == {0.0}
    assert np.mean([changes(mean, logits, 1) for logits in circular]) > 0.05
    assert np.mean([changes(mean, logits, 3) for logits in circular]) > 0.01  # not a whole period


def test_the_average_over_all_shifts_of_the_input_never_changes_whatever_the_network():
    def network(picture):  # nothing in it is shift equivariant
        hidden = np.maximum(np.random.default_rng(2).normal(0, 1, (12, 64)) @ picture.ravel(), 0)
        return (np.random.default_rng(4).normal(0, 1, (4, 12)) @ hidden).astype(np.float32)

    size = 8
    several = []
    for picture in np.random.default_rng(9).normal(0, 1, (20, size, size)):
        logits = np.stack([network(np.roll(picture, shift, 1)) for shift in range(3 * size)])
        assert changes(Average(), logits, size) == 0.0
        several.append([changes(Average(), logits, count) for count in (1, size - 1)])
    assert (np.mean(several, 0) > 0.01).all()
