"""What a network costs that is to improve on another one: both programs timed in turns on the same machine."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.columns import Column, Table
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.engines.devices import Device, devices
from shiftscope.networks.answers import trial_frames
from shiftscope.networks.modules import Run
from shiftscope.stages.infer import load_program

WARM_UPS = 2
FEWEST_ROUNDS, MOST_ROUNDS = 5, 40
LONGEST_S = 20.0
"""Seconds after which no further round begins, once there are `FEWEST_ROUNDS`."""


class Price(Table):
    """A JSON file per network that is to improve on another one, not a table, with these keys: how long both take."""

    files = ("networks/<network>/price.json",)
    network = Column(pl.String)
    """The name of the network in the config."""
    without = Column(pl.String)
    """The name of the network that it is an improved version of."""
    time_ratio = Column(pl.Float64)
    """The time of one frame with the network ÷ that with the other one: the median over rounds, in each of which both
    networks run."""
    time_ratio_low = Column(pl.Float64)
    """The lower quartile of the ratio over rounds."""
    time_ratio_high = Column(pl.Float64)
    """The upper quartile of the ratio over rounds."""
    ms_per_frame = Column(pl.Float64, "ms")
    """The median time of one frame with the network."""
    ms_per_frame_without = Column(pl.Float64, "ms")
    """The median time of one frame with the other network."""
    rounds = Column(pl.Int64)
    """The number of rounds."""
    frames = Column(pl.Int64)
    """The number of frames that each network answers in a round."""
    device = Column(pl.String)
    """What both run on: `cpu` or `cuda`."""
    threads = Column(pl.Int64)
    """The number of threads of the CPU that they may use."""
    engine = Column(pl.String)
    """The engine that both were timed with: the one that runs both, or `eager` where they are run by different ones."""


PRICE = Price.schema()


class Timed(NamedTuple):
    """A network that is ready to be timed."""

    run: Run
    device: Device
    batches: list[Any]
    """The frames, (batch, size, size, 3) each, on the device."""

    @classmethod
    def of(cls, run: Run, device: Device, frames: NDArray[np.uint8], batch_size: int) -> "Timed":
        """A network that is to be timed on `frames`, (frames, size, size, 3)."""
        starts = range(0, len(frames), batch_size)
        return cls(run, device, [device.hold(frames[start : start + batch_size]) for start in starts])

    def seconds(self) -> float:
        """How long it takes for all frames, a batch after the other."""
        self.device.wait()
        start = time.perf_counter()
        for batch in self.batches:
            self.run(batch)
        self.device.wait()
        return time.perf_counter() - start


def price(
    *,
    card: Mapping[str, Any],
    program_path: str | Path,
    card_without: Mapping[str, Any],
    program_path_without: str | Path,
    threads: int,
    seed: int,
    path: str | Path,
) -> None:
    """Time a network against the one that it improves on, and write the ratio (`PRICE`), complete or not at all.

    Both answer the same trial frames, each in batches of the size that was found fastest for it. The engine is the one
    that was found fastest for both. If that is not the same one, both run on eager torch, since the ratio would otherwise
    be one of two engines and not of two networks. They take turns, and which of them begins changes from round to round,
    so that what else runs on the machine slows down both alike.

    Parameters
    ----------
    card, program_path : what `prepare_network` wrote for the network; the card as it was read from JSON.
    card_without, program_path_without : the same for the network that it improves on.
    threads : CPU threads.
    seed : decides the trial frames.

    Raises ShiftscopeError where the two were prepared for different devices, or for one that is not here.
    """
    if card["device"] != card_without["device"]:
        raise ShiftscopeError(
            f"network {card['network']} was prepared for {card['device']} and network {card_without['network']} for "
            f"{card_without['device']}, so their times cannot be compared; prepare both again on one machine "
            "(-R network)"
        )
    if card["engine"] != card_without["engine"]:
        card, card_without = ({**one, "engine": "eager"} for one in (card, card_without))
        program_path, program_path_without = card["weights"], card_without["weights"]
    count = max(card["batch_size"], card_without["batch_size"])
    cards = (card, card_without)
    runs = [load_program(*what, threads) for what in zip(cards, (program_path, program_path_without), strict=True)]
    device = devices[card["device"]].item()
    timed = [
        Timed.of(run, device, trial_frames(count, one["input_size"], seed), one["batch_size"])
        for run, one in zip(runs, cards, strict=True)
    ]
    seconds = in_turns(*timed)
    found = _described(seconds, count)
    print(f"{card['network']}: {found['time_ratio']:.3f} × the time of {card_without['network']}", file=sys.stderr)
    names = {
        "network": card["network"],
        "without": card_without["network"],
        "device": card["device"],
        "threads": threads,
        "engine": card["engine"],
    }
    with complete(path) as part:
        part.write_text(json.dumps({name: (names | found)[name] for name in PRICE}, indent=2) + "\n")


def in_turns(one: Timed, other: Timed) -> NDArray[np.float64]:
    """Seconds of both networks, (rounds, 2), in rounds in which both run; which begins changes from round to round."""
    for _ in range(WARM_UPS):
        one.seconds(), other.seconds()
    rows: list[tuple[float, float]] = []
    start = time.perf_counter()
    while len(rows) < FEWEST_ROUNDS or (len(rows) < MOST_ROUNDS and time.perf_counter() - start < LONGEST_S):
        if len(rows) % 2:
            second = other.seconds()
            rows.append((one.seconds(), second))
        else:
            rows.append((one.seconds(), other.seconds()))
    return np.array(rows)


def _described(seconds: NDArray[np.float64], frames: int) -> dict[str, Any]:
    """The numbers of `PRICE` that seconds, (rounds, 2), of `frames` frames come down to."""
    low, middle, high = np.quantile(seconds[:, 0] / seconds[:, 1], (0.25, 0.5, 0.75)).tolist()
    with_, without = (1000 * np.median(seconds, axis=0) / frames).tolist()
    return {
        "time_ratio": middle,
        "time_ratio_low": low,
        "time_ratio_high": high,
        "ms_per_frame": with_,
        "ms_per_frame_without": without,
        "rounds": len(seconds),
        "frames": frames,
    }
