"""The price of a network: a ratio of times that what else runs on the machine cannot bend, and no clock in the tests."""

import json

import numpy as np
import pytest

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines.devices import devices
from shiftscope.stages import price as module
from shiftscope.stages.price import PRICE, Timed, in_turns, price

CARD = {
    "network": "blurred", "device": "cpu", "batch_size": 8, "input_size": 32, "engine": "openvino", "weights": "w",
}  # fmt: skip
PLAIN = {**CARD, "network": "plain", "batch_size": 4, "weights": "v"}


class Clock:
    """A clock that goes on only when a network runs, and a machine that gets slower all the time."""

    def __init__(self, drift=0.0):
        self.now, self.drift, self.asked = 0.0, drift, []

    def perf_counter(self):
        return self.now

    def network(self, name, seconds_per_frame):
        def run(frames):
            self.asked.append((name, len(frames)))
            self.now += seconds_per_frame * len(frames) * (1 + self.drift * self.now)
            return np.zeros((len(frames), 10), np.float32)

        return run


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def priced(monkeypatch, clock, path, card=CARD, plain=PLAIN):
    runs = {"blurred": clock.network("blurred", 0.03), "plain": clock.network("plain", 0.02)}
    loaded = []

    def load(card, path, _threads):
        loaded.append((card["engine"], path))
        return runs[card["network"]]

    monkeypatch.setattr(module, "load_program", load)
    price(
        card=card, program_path="p", card_without=plain, program_path_without="q", threads=2, seed=0, path=path
    )  # fmt: skip
    return {**json.loads(path.read_text()), "loaded": loaded}


def test_networks_that_different_engines_run_are_timed_on_one(monkeypatch, clock, tmp_path):
    same = priced(monkeypatch, clock, tmp_path / "same.json")
    assert (same["engine"], same["loaded"]) == ("openvino", [("openvino", "p"), ("openvino", "q")])
    other = priced(monkeypatch, clock, tmp_path / "other.json", plain={**PLAIN, "engine": "torchscript"})
    assert (other["engine"], other["loaded"]) == ("eager", [("eager", "w"), ("eager", "v")])


def test_the_ratio_is_that_of_the_times_of_a_frame(monkeypatch, clock, tmp_path):
    found = priced(monkeypatch, clock, tmp_path / "price.json")
    assert [name for name in found if name != "loaded"] == list(PRICE)
    assert found["time_ratio"] == pytest.approx(1.5)
    assert found["time_ratio_low"] <= found["time_ratio"] <= found["time_ratio_high"]
    assert (found["ms_per_frame"], found["ms_per_frame_without"]) == pytest.approx((30, 20))
    assert (found["network"], found["without"], found["engine"]) == ("blurred", "plain", "openvino")
    # Both answer eight frames a round, in batches of their own size.
    assert found["frames"] == 8
    assert set(clock.asked) == {("blurred", 8), ("plain", 4)}
    assert clock.asked.count(("plain", 4)) == 2 * clock.asked.count(("blurred", 8))


def test_a_machine_that_slows_down_does_not_bend_the_ratio(clock):
    clock.drift = 0.05
    frames = np.zeros((4, 8, 8, 3), np.uint8)
    cpu = devices["cpu"].item()
    one, other = (Timed.of(clock.network(name, 0.05), cpu, frames, 4) for name in "ab")
    seconds = in_turns(one, other)
    ratio = np.median(seconds[:, 0] / seconds[:, 1])
    assert ratio == pytest.approx(1, abs=0.02)
    # Where the same one always begins, it seems the faster one: what the turns are for.
    always = [(one.seconds(), other.seconds()) for _ in range(len(seconds))]
    assert all(first < second for first, second in always)
    begins = [name for name, _ in clock.asked[4 : 4 + 2 * len(seconds) : 2]]
    assert begins[:4] == ["a", "b", "a", "b"]


def test_times_on_different_devices_are_not_compared(monkeypatch, clock, tmp_path):
    with pytest.raises(ShiftscopeError, match=r"blurred was prepared for cpu and network plain for cuda.*prepare both"):
        priced(monkeypatch, clock, tmp_path / "price.json", plain={**PLAIN, "device": "cuda"})
    assert not (tmp_path / "price.json").exists()
