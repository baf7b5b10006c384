"""How many shards a run should have: so few that a job of inference is worth its start."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from shiftscope.workflow.needs import NEEDS
from shiftscope.workflow.plan import Plan

WORTH = 10
"""Minutes of work, on average, that a job which waits for a GPU should have."""
MOST_JOBS = 2000
"""Jobs in all beyond which Snakemake's planning takes long."""


class Work(NamedTuple):
    """What is known of inference before it runs."""

    minutes: list[float]
    """What each network takes on each data set, all protocols and shards together, as far as that is known."""
    unknown: int
    """Networks on protocols of which it is not known."""
    measured_on: list[str]
    """The devices that networks were timed on, as their cards say."""


def shards(minutes: list[float], jobs_each: int, longest: float) -> int:
    """The number of shards with which a job takes at least `WORTH` minutes on average.

    Parameters
    ----------
    minutes : of each network on each data set, all protocols and shards together.
    jobs_each : jobs that a shard more adds.
    longest : minutes that no job may take, which counts before the average.

    Of no more than `MOST_JOBS` jobs, and at least 1.

    >>> shards([120.0, 40.0], 3, 240), shards([9.0], 2, 240), shards([3000.0, 1.0, 1.0], 6, 240), shards([1e6], 2, 240)
    (8, 1, 100, 1000)
    """
    average = sum(minutes) / len(minutes)
    wanted = max(1, math.floor(average / WORTH), math.ceil(max(minutes) / longest))
    return max(1, min(wanted, MOST_JOBS // jobs_each))


def propose(plan: Plan, pictures: Mapping[str, int]) -> tuple[bool, str]:
    """Whether a number of shards can be proposed, and a line that says which, or what is missing.

    Parameters
    ----------
    plan : of the config.
    pictures : how many each data set has whose pictures are here.

    Frames per second are those of the networks' cards, for the network alone: jobs take somewhat longer.
    """
    work = _work(plan, pictures)
    if not work.minutes:
        return False, "can be proposed once pictures are here and networks have cards (snakemake --until network)"
    here = plan.config.shards
    each = sum(
        len(plan.networks_of(name)) + len(plan.protocols_of(name)) * len(plan.sizes_of(name)) for name in plan.evaluated
    )
    best = shards(work.minutes, each, NEEDS["infer"].minutes)
    line = f"with 'shards: {here}' a job of inference takes {_taken(work.minutes, here)}"
    if best != here:
        line += f"; on a cluster write 'shards: {best}', for {_taken(work.minutes, best)}"
    line += f", if networks run as fast there as where they were timed ({', '.join(work.measured_on)})"
    if work.unknown:
        among = sum(len(plan.run_cells(name)) for name in plan.evaluated)
        line += (
            f". Not counted, for want of a card or of a number of frames: {work.unknown} of {among} networks on protocols"
        )
    return True, line


def _taken(minutes: list[float], count: int) -> str:
    average, most = (value / count for value in (sum(minutes) / len(minutes), max(minutes)))
    return f"{average:.2g} minutes on average, {most:.2g} at most"


def _work(plan: Plan, pictures: Mapping[str, int]) -> Work:
    cards = {network: speed_of(Path(plan.paths.card.format(network=network))) for network in plan.config.networks}
    minutes: defaultdict[tuple[str, str], float] = defaultdict(float)
    unknown = 0
    devices: set[str] = set()
    for dataset in plan.evaluated:
        for protocol, network in plan.run_cells(dataset):
            steps, card = plan.config.protocols[protocol].steps(), cards[network]
            if card is None or steps is None or dataset not in pictures:
                unknown += 1
                continue
            per_frame, device = card
            minutes[dataset, network] += pictures[dataset] * steps * per_frame / 60_000
            devices.add(device)
    return Work(list(minutes.values()), unknown, sorted(devices))


def speed_of(path: Path) -> tuple[float, str] | None:
    """Milliseconds per frame and the device of a network that was prepared; None where it was not, or its card is
    damaged."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        threads = f" with {int(card['threads'])} threads" if card["device"] == "cpu" else ""
        per_frame = float(card["calibration"][0]["ms_per_frame"])
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None
    return (per_frame, f"{card['device']}{threads}") if 0 < per_frame < math.inf else None
