"""How much memory and time the jobs of each rule ask for: once, for every place where they run."""

from collections.abc import Callable
from typing import NamedTuple


class Need(NamedTuple):
    """What the first attempt of a job asks for."""

    memory: int
    """Memory of the processor, MB."""
    minutes: int
    """Time until a scheduler ends it."""


GPU = Need(8000, 240)
"""Of what runs a network: CUDA's libraries and pinned buffers take memory of the processor too."""
TABLE = Need(4000, 120)
"""Of what reads tables: sums and comparisons of 100 networks × 50,000 pictures × 9 steps took 1.3 GB and 1 minute."""
SMALL = Need(2000, 60)

NEEDS = {
    "accuracy_by_surprisal": TABLE,
    "aggregate": TABLE,
    "answer_remedies": Need(4000, 240),
    "augmentation": TABLE,
    "box_statistics": TABLE,
    "boxes": TABLE,
    "comparisons": TABLE,
    "curves": TABLE,
    "download": Need(2000, 1440),
    "exports": TABLE,
    "explorer": TABLE,
    "fetch_weights": SMALL,
    "figures": TABLE,
    "frames": Need(2000, 240),
    "framing_comparison": TABLE,
    "images": Need(2000, 240),
    "inclusion": TABLE,
    "infer": GPU,
    "landmark_statistics": TABLE,
    "landmarks": TABLE,
    "layers": GPU,
    "network": Need(8000, 60),
    "network_remedies": TABLE,
    "price": Need(8000, 60),
    "relation": TABLE,
    "remedies": SMALL,
    "report": TABLE,
    "scores": Need(2000, 240),
    "sensitivity": TABLE,
    "sums": TABLE,
    "train": Need(16000, 1440),  # all of its pictures are kept in memory
}
"""By rule; `figures` stands for all rules that draw figures."""


def needs(rule: str) -> dict[str, Callable[..., int]]:
    """Snakemake's resources ``mem_mb`` and ``runtime`` (minutes) of a rule, as functions of the attempt: each further one
    asks for twice as much, since most jobs that a scheduler ends had too little of one or the other.

    >>> [needs("infer")["mem_mb"](None, attempt) for attempt in (1, 2, 3)]
    [8000, 16000, 32000]
    """
    need = NEEDS[rule]

    def grown(first: int) -> Callable[..., int]:
        return lambda wildcards, attempt: first * 2 ** (attempt - 1)

    return {"mem_mb": grown(need.memory), "runtime": grown(need.minutes)}
