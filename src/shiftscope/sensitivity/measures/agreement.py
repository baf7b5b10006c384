"""Whether the answers of a whole sequence agree, in whatever order: no frame is the neighbour of another."""

import polars as pl

from shiftscope.sensitivity.measures import Lengths, Measure, Same, measures, one_pair, two_frames

SEVERAL = pl.len() > 1


def _a_pair(lengths: Lengths) -> bool:
    return one_pair(lengths) and two_frames(lengths)


CHANGE = Same("top1_change", _a_pair, "complement")


@measures.register(
    "consistency",
    title="Consistency",
    unit="share of pairs of frames",
    reference="Zhang 2019 (arXiv 1904.11486), §4: equal top-1 on two windows of a picture; here over every two frames of a "
    "sequence, which for two frames is the same",
)
def consistency() -> Measure:
    """The share of pairs of frames, of every two of a sequence, that have the same top class.

    >>> measure, frames = consistency(), pl.DataFrame({"top1": [1, 1, 1, 2]})
    >>> frames.select(measure.numerator / measure.denominator).item()  # 3 of the 6 pairs
    0.5
    """
    same = pl.col("top1").unique_counts().cast(pl.Float64)
    count = pl.len().cast(pl.Float64)
    return Measure(
        "frames",
        (same * (same - 1)).sum(),
        count * (count - 1),
        counted=SEVERAL * pl.len(),
        share_of="rows",
        same=(CHANGE, Same("agreement", two_frames)),
    )


@measures.register(
    "agreement",
    title="n-way agreement",
    unit="share of pictures",
    reference="Chaman & Dokmanić 2021 (arXiv 2011.14214) for two frames, here for all: pictures with the same top-1 on "
    "every frame of their sequence; 1 − it is the worst case over the sequence (Michaeli et al. 2023, arXiv 2303.08085)",
)
def agreement() -> Measure:
    """The share of pictures that have the same top class on all frames; pictures with a single frame do not count.

    >>> measure, frames = agreement(), pl.DataFrame({"top1": [1, 1, 2]})
    >>> frames.select(measure.numerator, measure.denominator.alias("of")).row(0)
    (0, 1)
    """
    agree = (pl.col("top1").n_unique() == 1) & SEVERAL
    return Measure(
        "frames",
        agree.cast(pl.Int64),
        SEVERAL.cast(pl.Int64),
        counted=SEVERAL * pl.len(),
        share_of="images",
        same=(CHANGE,),
    )


@measures.register(
    "worst_accuracy",
    title="Worst-case accuracy",
    unit="share of pictures",
    needs=("labels",),
    reference="Engstrom et al. 2019 (arXiv 1712.02779): pictures classified right on every frame of their sequence",
)
def worst_accuracy() -> Measure:
    """The share of pictures that are classified right on all frames; pictures with a single frame do not count.

    >>> measure, frames = worst_accuracy(), pl.DataFrame({"right": [True, True]})
    >>> frames.select(measure.numerator, measure.denominator.alias("of")).row(0)
    (1, 1)
    """
    right = pl.col("right").all() & SEVERAL
    return Measure("frames", right.cast(pl.Int64), SEVERAL.cast(pl.Int64), counted=SEVERAL * pl.len(), share_of="images")
