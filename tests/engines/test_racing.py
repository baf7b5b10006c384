"""The race of engines, on a clock that goes on only when a network runs: what is fastest is found, and found again however
noisy the machine is."""

from collections import Counter

import numpy as np
import pytest

from shiftscope.engines import racing
from shiftscope.engines.devices import devices
from shiftscope.engines.racing import Runner, race

FRAMES = np.zeros((3, 4, 4, 3), np.uint8)


class Machine:
    """A clock, and engines that take known times per frame by batch size. What else runs on it slows down single runs by
    `noise` (the standard deviation of the logarithm), every tenth run threefold, and all of them more and more."""

    def __init__(self, noise=0.0, drift=0.0, seed=0):
        self.now, self.noise, self.drift = 0.0, noise, drift
        self.rng, self.asked = np.random.default_rng(seed), []

    def perf_counter(self):
        return self.now

    def runner(self, name, ms, batch=1, climbs=True, room=None, switch=0.0):
        """`ms`: a frame's time in batches of 1, 2, 4, …; the last one is that of all larger ones, too. `switch`: by how much
        longer a batch takes behind one of another size, ms."""
        before = [0]

        def run(frames):
            count = len(frames)
            if room is not None and count > room:
                raise MemoryError("full")
            self.asked.append((name, count))
            seconds = count * ms[min(int(np.log2(count)), len(ms) - 1)] / 1000 * (1 + self.drift * self.now)
            if count != before[0]:
                seconds, before[0] = seconds + switch / 1000, count
            if self.noise:
                seconds *= np.exp(self.rng.normal(0, self.noise)) * (3 if self.rng.random() < 0.1 else 1)
            self.now += seconds
            return np.zeros((count, 2), np.float32)

        return Runner(name, run, devices["cpu"].item(), batch, climbs)


@pytest.fixture
def machine(monkeypatch):
    def made(**more):
        clock = Machine(**more)
        monkeypatch.setattr(racing, "time", clock)
        return clock

    return made


NETWORKS = {
    # One engine is half as fast as another, and a third one fastest, in batches of four.
    "plain": {"a": [100, 90], "b": [60, 50, 40, 40], "c": [75, 70, 68]},
    # One that is slow at first gains most by larger batches.
    "late": {"a": [20, 12, 8, 5, 4], "b": [16, 15.9]},
}


@pytest.mark.parametrize(("name", "engine", "batch"), [("plain", "b", 4), ("late", "a", 16)])
def test_the_fastest_engine_and_its_smallest_best_batch_are_found(machine, name, engine, batch):
    clock = machine()
    order = race([clock.runner(*item) for item in NETWORKS[name].items()], FRAMES, 32)
    assert (order[0].engine, order[0].batch_size) == (engine, batch)
    assert order[0].ms_per_frame == pytest.approx(min(NETWORKS[name][engine]))
    assert {runner.engine for runner in order} == set(NETWORKS[name])


def test_the_choice_is_the_same_on_a_noisy_machine(machine):
    found = Counter()
    for seed in range(20):
        clock = machine(noise=0.1, drift=0.02, seed=seed)
        order = race([clock.runner(*item) for item in NETWORKS["plain"].items()], FRAMES, 32)
        found[order[0].engine, order[0].batch_size] += 1
    assert {engine for engine, _ in found} == {"b"}
    assert found["b", 4] > 14  # by chance, a step that gains a fifth may seem to gain nothing, and the reverse


def test_engines_one_after_the_other_would_be_chosen_by_the_noise(machine):
    """What turns and medians are for: the best of three runs each, as it was done before, on the same noise."""
    found = []
    for seed in range(20):
        clock = machine(noise=0.1, drift=0.2, seed=seed)
        best = {}
        for name, ms in (("c", [75]), ("b", [60])):
            runner = clock.runner(name, ms)
            assert runner.begins(FRAMES)
            best[name] = min(runner.seconds(1) for _ in range(3))
            for _ in range(20):  # the batch sizes in between
                runner.seconds(1)
        found.append(min(best, key=best.__getitem__))
        clock = machine(noise=0.1, drift=0.2, seed=seed)
        assert race([clock.runner(*item) for item in (("c", [75]), ("b", [60]))], FRAMES, 1)[0].engine == "b"
    assert "c" in found


@pytest.mark.parametrize("noise", [0, 0.1])
def test_what_another_size_of_batch_costs_does_not_count(machine, noise):
    """A small network by OpenVINO, in ms: no job has batches of two sizes in turns."""
    found = []
    for seed in range(20):
        clock = machine(noise=noise, seed=seed)
        (only,) = race([clock.runner("a", [0.28, 0.21, 0.18, 0.165, 0.165], switch=0.25)], FRAMES, 32)
        assert only.batch_size in ((8,) if noise == 0 else (4, 8, 16, 32))
        found.append(only.ms_per_frame)
    # A tenth of all runs takes three times as long.
    assert np.median(found) == (pytest.approx(0.165) if noise == 0 else pytest.approx(0.165 * 1.2, rel=0.2))


SHORT = [0.276, 0.21, 0.185, 0.17, 0.163, 0.167]
"""A small network by OpenVINO, in ms: batches of twice the size gain a tenth and less, which noise hides."""


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_the_batch_of_a_short_network_is_hardly_slower_than_the_best_one_however_noisy_the_machine_is(machine, noise):
    chosen = Counter()
    for seed in range(40):
        clock = machine(noise=noise, seed=seed)
        (only,) = race([clock.runner("a", SHORT, switch=0.25)], FRAMES, 32)
        chosen[SHORT[int(np.log2(only.batch_size))] / min(SHORT)] += 1
        assert clock.now < 15  # seconds
    assert sum(count for slower, count in chosen.items() if slower < 1.05) >= 32, chosen
    assert max(chosen) < 1.2


def test_a_batch_of_four_times_the_size_is_found_where_one_of_twice_the_size_gains_nothing(machine):
    clock = machine()
    (only,) = race([clock.runner("a", [10, 10, 8, 8, 8])], FRAMES, 32)
    assert only.batch_size == 4
    clock = machine()
    (only,) = race([clock.runner("a", [100, 100, 80, 80, 80])], FRAMES, 32)  # a batch of four takes too long for that
    assert (only.batch_size, {count for _, count in clock.asked}) == (1, {1, 2})


def test_what_is_clearly_slower_is_tried_no_further(machine):
    clock = machine()
    race([clock.runner("slow", [14]), clock.runner("hopeless", [90]), clock.runner("fast", [10, 8, 6, 6])], FRAMES, 32)
    counts = {name: [count for asked, count in clock.asked if asked == name] for name in ("slow", "hopeless", "fast")}
    assert set(counts["hopeless"]) == {1}
    assert len(counts["hopeless"]) == 2 + 3  # to warm up, and three rounds
    assert set(counts["slow"]) == {1, 2, 4}  # until the larger batches were compared
    assert set(counts["fast"]) == {1, 2, 4, 8, 16}  # up to two that do not help
    frames = sum(count for _, count in clock.asked)
    assert frames < (2 + 5) * (1 + 2 + 4 + 8 + 16 + 32) * 3 / 3  # a third of all engines in all batches


def test_equally_fast_engines_are_taken_in_their_order(machine):
    for names in (("a", "b"), ("b", "a")):
        clock = machine()
        order = race([clock.runner(name, [10 if name == "a" else 10.2]) for name in names], FRAMES, 8)
        assert [runner.engine for runner in order] == list(names)


def test_a_batch_that_the_user_set_is_not_changed(machine):
    clock = machine()
    (only,) = race([clock.runner("a", [9, 8, 7, 6, 5], batch=2, climbs=False)], FRAMES, 32)
    assert (only.batch_size, only.ms_per_frame) == (2, pytest.approx(8))
    assert {count for _, count in clock.asked} == {2}


@pytest.mark.parametrize(
    ("first", "room", "batch", "too_large"), [(1, 6, 4, 8), (16, 6, 4, 8), (8, 8, 8, 16), (1, 2, 2, 4), (2, 4, 4, 8)]
)
def test_memory_bounds_the_batch_and_the_trial_says_so(machine, capsys, first, room, batch, too_large):
    clock = machine()
    (only,) = race([clock.runner("a", [9, 8, 7, 6, 5, 4], batch=first, room=room)], FRAMES, 32)
    assert (only.batch_size, only.too_large) == (batch, too_large)
    assert capsys.readouterr().err.count(f"engine a: memory is too small for {too_large} frames") == 1  # not tried again


def test_an_engine_without_memory_for_a_frame_is_out_of_the_race(machine):
    clock = machine()
    assert [runner.engine for runner in race([clock.runner("a", [9], room=0), clock.runner("b", [99])], FRAMES, 4)] == ["b"]
    assert race([clock.runner("a", [9], room=0)], FRAMES, 4) == []


def test_no_batch_takes_longer_than_somebody_waits(machine):
    clock = machine()
    (only,) = race([clock.runner("a", [900, 700, 500, 300])], FRAMES, 32)
    assert only.batch_size == 2  # four would take 2.8 s by what two took
