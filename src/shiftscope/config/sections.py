"""The sections of the config that are one mapping of settings each."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from shiftscope.core import limits
from shiftscope.core.options import Options
from shiftscope.networks.modules import Precision


class Inference(Options):
    """How networks are run."""

    engine: str = "auto"
    """What runs them: `auto` (the fastest here that agrees with eager torch), or the name of an engine."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: a GPU where there is one. With `cpu` jobs do not ask for the resource gpu, so several run at a time."""
    threads: int = Field(8, ge=1, le=limits.THREADS)
    """CPU threads of a job that runs or trains a network; Snakemake lowers it to --cores."""
    batch_size: int | None = Field(None, ge=1, le=limits.BATCH)
    """Frames at a time; not set: found for each network by a short calibration."""
    precision: Precision = "float32"
    """What networks compute in: `float32`; on a GPU also `tf32`, `bfloat16` and `float16`; on the CPU also `bfloat16`. All
    but `float32` change answers a little: the card and the report say how many."""
    audit: float = Field(0, ge=0, le=1)
    """The share of the frames that eager torch answers in float32 as well, to count how often what runs the network has
    another top class: 0.01 costs a few per cent of the time."""
    input_size: int | None = Field(None, ge=8, le=limits.INPUT_SIZE)
    """Width and height, px, of the frames that every network is shown, so that all see the same ones; a network's own
    `input_size` counts before it; not set: each is shown the size that its source names."""
    keep_logits: bool = False
    """Whether the shards of predictions keep all logits, in float32: 4 kB a frame for 1000 classes. Remedies that work on
    answers need them."""


class Statistics(Options):
    """Intervals and tests."""

    level: float = Field(0.95, gt=0.5, lt=1)
    """Confidence level of every interval."""
    resamples: int = Field(2000, ge=100, le=limits.RESAMPLES)
    """Draws of the bootstrap and of permutation tests of what networks answer: `sensitivity`, `curves`, `comparisons` and
    `accuracy_by_surprisal`. Those of framing are fixed: docs/framing.md."""
    adjust: Literal["holm", "benjamini-hochberg"] = "holm"
    """How p-values of comparisons are adjusted: those of the primary measures among themselves, and those of all others."""
    minimum_boxes: int = Field(20, ge=5, le=limits.COUNT)
    """Categories with fewer boxes, or with boxes in fewer pictures, are described but not tested."""
    landmark_pairs: dict[str, tuple[str, str]] = Field({"eyes": ("left_eye", "right_eye")}, min_length=1)
    """Pairs of named points whose midpoint and distance are looked at, by names of your choice."""
    crowd: bool = False
    """Whether boxes that are marked as crowds count in the statistics of framing."""
    difficult: bool = True
    """Whether boxes that are marked as difficult count in them."""
    truncated: bool = True
    """Whether boxes of objects that the edge of the picture cuts off, as the annotation says, count in them."""
    edge: bool = True
    """Whether boxes that touch the edge of the picture count in them. `inclusion.parquet` has the statistics with each
    of these four choices made the other way."""


def _layers(given: Any) -> Any:
    """`given`, if it chooses layers; said here, since the errors of each alternative would name it in their own way."""
    named = isinstance(given, list | tuple) and given and all(isinstance(name, str) for name in given)
    if given not in ("all", "stages") and not named:
        raise ValueError("write 'all', 'stages' or a list of names of layers")
    return given


class Cause(Options):
    """What is looked at inside networks, to see where they lose the shift."""

    protocols: tuple[str, ...] = ()
    """Names of protocols in which the picture moves and nothing else changes, such as one of kind `embed` or `circular`.
    The feature maps of every network are measured on their sequences. Offsets from 0 to at least twice the largest
    subsampling factor (0..63 for 32) are needed to see whether something repeats with it."""
    layers: Annotated[Literal["all", "stages"] | tuple[str, ...], BeforeValidator(_layers)] = "all"
    """Every layer whose output is a map; only the last one before each subsampling and the last of all; or the names of
    layers, as `layers.parquet` has them."""
    pictures: int = Field(40, ge=2, le=limits.COUNT)
    """How many pictures of a data set are looked at, at most: the first ones by their ids."""
