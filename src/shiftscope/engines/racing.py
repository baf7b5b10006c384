"""Which engine runs a network fastest, and in batches of which size: all of them timed in turns, until it is certain.

What else a machine does slows down some runs and not others. So times are compared only within a round, in which everything
runs once; which begins changes from round to round; and rounds go on until most of them say the same.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.engines.devices import Device
from shiftscope.networks.modules import Run

LARGEST = {"cpu": 32, "cuda": 256}
"""The largest batch that is tried on each device."""
SMALLEST_ON_GPU = 8
"""No GPU is busy with fewer frames."""
LONGEST_BATCH_S = 2.0
"""Seconds that a batch may take at most."""
SHORT_BATCH_S = 0.3
"""Seconds up to which a batch of four times the size is tried as well as one of twice the size: what it gains is easier to
see above the noise."""
SHORT_S = 0.01
"""Seconds that a batch has to take to be timed once; shorter ones are run as often as that takes."""
HELPS = 1.03
"""A larger batch helps if a frame then takes less time by this factor."""
AS_FAST = 1.03
"""Engines whose times differ by less than this factor count as equally fast."""
SLOWER = 1.25
"""An engine that takes longer by this factor is tried no further."""
FIRST_ROUNDS = 3
HOPELESS = 1.5
"""One that takes so much longer in each of `FIRST_ROUNDS` is tried no further, either."""
FEWEST_ROUNDS, ENOUGH_ROUNDS, MOST_ROUNDS = 5, 20, 200
SHORTEST_S, LONGEST_S = 1.0, 10.0
"""Once there are `ENOUGH_ROUNDS`, no further round begins after `SHORTEST_S` seconds, and with fewer, but at least
`FEWEST_ROUNDS`, none after `LONGEST_S`. There are never more than `MOST_ROUNDS`."""


@dataclass(eq=False)
class Runner:
    """One engine in the race."""

    engine: str
    run: Run
    device: Device
    batch_size: int
    """The best one so far."""
    climbs: bool
    """Whether a larger batch may still help."""
    ms_per_frame: float = float("nan")
    """The median over the rounds of the last time that it was compared."""
    too_large: int | None = None
    """The smallest batch that the device's memory had no room for."""
    held: dict[int, Any] = field(default_factory=dict)
    """Frames on the device, by the size of the batch."""

    def fits(self, batch: int, frames: NDArray[np.uint8]) -> bool:
        """Whether memory is large enough for a batch, which is run twice before it is timed. `frames` may be fewer: what
        they show does not matter."""
        try:
            self.held[batch] = self.device.hold(frames[np.arange(batch) % len(frames)])
            self.seconds(batch), self.seconds(batch)
        except Exception as error:
            if not self.device.out_of_memory(error):
                raise
        else:
            return True
        del self.held[batch]
        self.device.free()
        self.too_large = batch
        print(f"engine {self.engine}: memory is too small for {batch} frames at a time", file=sys.stderr, flush=True)
        return False

    def larger(self, frames: NDArray[np.uint8], largest: int) -> list[int]:
        """The larger batches that are worth a trial: of twice and four times the size, as far as memory and time allow."""
        batches = list[int]()
        for batch, longest in ((2 * self.batch_size, LONGEST_BATCH_S), (4 * self.batch_size, SHORT_BATCH_S)):
            allowed = batch <= largest and (self.too_large is None or batch < self.too_large)
            if not (self.climbs and allowed and self.ms_per_frame * batch <= 1000 * longest):
                break
            if not (batch in self.held or self.fits(batch, frames)):
                break
            batches.append(batch)
        return batches

    def begins(self, frames: NDArray[np.uint8]) -> bool:
        """Whether there is memory for its first batch, which is halved until there is."""
        while self.batch_size and not self.fits(self.batch_size, frames):
            self.batch_size //= 2
        return self.batch_size > 0

    def seconds(self, batch: int) -> float:
        """How long a frame of such a batch takes, when one batch comes after the other.

        The first batch behind one of another size takes longer, since an engine makes room for it. A short batch is
        therefore run again, and only the further runs count.
        """
        once = self._run(batch, 1)
        times = math.ceil(SHORT_S / once)
        return (once if times == 1 else self._run(batch, times) / times) / batch

    def _run(self, batch: int, times: int) -> float:
        self.device.wait()
        start = time.perf_counter()
        for _ in range(times):
            self.run(self.held[batch])
        self.device.wait()
        return time.perf_counter() - start


Entry = tuple[Runner, int]
"""A runner, and the batch that it runs."""
Times = dict[Entry, NDArray[np.float64]]
"""Seconds per frame of each entry, one for each round."""


def first_batch(device: str, threads: int) -> int:
    """The smallest batch that is tried: a frame for each thread, or for most of them.

    >>> first_batch("cpu", 1), first_batch("cpu", 6), first_batch("cpu", 64), first_batch("cuda", 1)
    (1, 4, 32, 8)
    """
    return min(2 ** int(np.log2(threads)), LARGEST["cpu"]) if device == "cpu" else SMALLEST_ON_GPU


def race(runners: Sequence[Runner], frames: NDArray[np.uint8], largest: int) -> list[Runner]:
    """The runners from the fastest; those that are as fast as the fastest come in the order in which they were given.

    Batches are made larger as long as that helps, up to `largest`. Runners that are clearly slower drop out and come last;
    those whose device has no memory for a single frame are not returned.

    Parameters
    ----------
    runners : with the batch size to begin with.
    frames : uint8 (any number, size, size, 3).
    """
    left, out = [runner for runner in runners if runner.begins(frames)], list[Runner]()
    if not left:
        return []
    first = in_turns([(runner, runner.batch_size) for runner in left], FIRST_ROUNDS, lambda _: True)
    ratios = _ratios(first, left)
    left = _without([runner for runner in left if min(ratios[runner]) > HOPELESS], left, out)
    while True:
        entries = [(one, batch) for one in left for batch in (one.batch_size, *one.larger(frames, largest))]
        times = in_turns(entries, FEWEST_ROUNDS, partial(_certain, left=left))
        for runner in left:
            best = _best(times, runner)
            runner.batch_size, runner.climbs = best, best > runner.batch_size
        ratios = _ratios(times, left)
        left = _without([runner for runner in left if np.median(ratios[runner]) > SLOWER], left, out)
        if not any(runner.climbs for runner in left):
            break
    # `sorted` keeps the order of those that are equal.
    return sorted(left, key=lambda runner: max(AS_FAST, float(np.median(ratios[runner])))) + out


def in_turns(entries: Sequence[Entry], fewest: int, certain: Callable[[Times], bool]) -> Times:
    """The times of `entries` in rounds in which each runs once; which begins changes from round to round.

    There are at least `fewest` rounds, and more until `certain` says that the times so far are enough, or it takes too
    long. Where a round takes only a moment, there are more of them, since times of short runs differ most.
    """
    times: dict[Entry, list[float]] = {entry: [] for entry in entries}
    start = time.perf_counter()
    for round_ in range(MOST_ROUNDS):
        first = round_ % len(entries)
        for runner, batch in (*entries[first:], *entries[:first]):
            times[runner, batch].append(runner.seconds(batch))
        found = {entry: np.array(seconds) for entry, seconds in times.items()}
        longest = SHORTEST_S if round_ + 1 >= ENOUGH_ROUNDS else LONGEST_S
        if round_ + 1 >= fewest and (certain(found) or time.perf_counter() - start > longest):
            break
    return found


def mostly(ratios: NDArray[np.float64], threshold: float, surely: float = 2) -> int:
    """Whether ratios, (rounds,), lie above a threshold (1) or below it (−1) too often for chance, or neither (0).

    A sign test: of n ratios that lie on either side equally often, the surplus of one side is above `surely` · √n in one of
    twenty cases for 2, in one of three for 1.

    >>> mostly(np.array([1.2, 1.3, 1.2, 1.4, 1.2]), 1), mostly(np.array([1.2, 1.3, 0.9, 1.4, 1.2]), 1)
    (1, 0)
    """
    surplus = int((ratios > threshold).sum() - (ratios < threshold).sum())
    return int(np.sign(surplus)) if abs(surplus) > surely * np.sqrt(len(ratios)) else 0


def _gains(times: Times, runner: Runner) -> dict[int, NDArray[np.float64]]:
    """By what factor a frame takes less time in each larger batch, the smallest one first: (rounds,)."""
    own = times[runner, runner.batch_size]
    return {batch: own / seconds for (one, batch), seconds in times.items() if one is runner and batch > one.batch_size}


def _best(times: Times, runner: Runner) -> int:
    """The smallest batch that helps, where that is not likely to be chance; the runner's own where none does."""
    gains = _gains(times, runner).items()
    return next((batch for batch, ratios in gains if mostly(ratios, HELPS, 1) > 0), runner.batch_size)


def _certain(times: Times, left: Sequence[Runner]) -> bool:
    """Whether more rounds would not change whether a larger batch helps and which runner is the fastest."""
    for runner in left:
        signs = [mostly(ratios, HELPS) for ratios in _gains(times, runner).values()]
        if max(signs, default=-1) == 0:
            return False
    best = {runner: times[runner, _best(times, runner)] for runner in left}
    leader = min(left, key=lambda runner: float(np.median(best[runner])))
    return all(mostly(best[runner] / best[leader], AS_FAST) for runner in left if runner is not leader)


def _ratios(times: Times, left: Sequence[Runner]) -> dict[Runner, NDArray[np.float64]]:
    """The times of each runner at its best batch, (rounds,), in units of those of the fastest one. Notes the medians."""
    best = {runner: times[runner, runner.batch_size] for runner in left}
    for runner, seconds in best.items():
        runner.ms_per_frame = 1000 * float(np.median(seconds))
    leader = min(left, key=lambda runner: runner.ms_per_frame)
    return {runner: seconds / best[leader] for runner, seconds in best.items()}


def _without(slow: Sequence[Runner], left: Sequence[Runner], out: list[Runner]) -> list[Runner]:
    """`left` without those that are slow, which come first in `out`, and whose frames are given back."""
    out[:0] = sorted(slow, key=lambda runner: runner.ms_per_frame)
    for runner in slow:
        runner.held.clear()
    return [runner for runner in left if runner not in slow]
