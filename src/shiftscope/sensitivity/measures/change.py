"""How much the answer changes from one frame to the next; no label is needed."""

import polars as pl

from shiftscope.sensitivity.measures import Measure, Same, mean, measures, one_length, one_pair

FLIPS = pl.col("top1") != pl.col("previous_top1")
MOVED = (pl.col("top1_prob_before") - pl.col("prob_of_previous_top1")).abs()


@measures.register(
    "top1_change",
    title="P(top-1 change)",
    unit="share of pairs",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of [argmax f(x₁) ≠ argmax f(x₂)]",
)
def top1_change() -> Measure:
    """The share of pairs of neighbouring frames whose top classes differ.

    >>> measure, pairs = top1_change(), pl.DataFrame({"previous_top1": [1, 1], "top1": [1, 2]})
    >>> pairs.select(measure.numerator / measure.denominator).item()
    0.5
    """
    return mean("pairs", FLIPS, share=True)


@measures.register(
    "mac",
    title="Mean absolute change",
    unit="probability",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of |p₁[k] − p₂[k]|, k = argmax p₁",
)
def mac() -> Measure:
    """The mean over pairs of how much the probability of the first frame's top class changes, in [0, 1].

    >>> pairs = pl.DataFrame({"top1_prob_before": [0.75, 0.5], "prob_of_previous_top1": [0.5, 0.5]})
    >>> pairs.select(mac().numerator / mac().denominator).item()  # (0.25 + 0) ÷ 2
    0.125
    """
    return mean("pairs", MOVED, share=False)


@measures.register(
    "worst_change",
    title="Largest change in a sequence",
    unit="probability",
    reference="our own: as the mean absolute change, but for each picture its largest, then the mean over pictures",
)
def worst_change() -> Measure:
    """The largest change in the sequence of a picture, as `mac` measures it, and its mean over pictures; in [0, 1].

    >>> pairs = pl.DataFrame({"top1_prob_before": [0.75, 0.5], "prob_of_previous_top1": [0.5, 0.5]})
    >>> pairs.select(worst_change().numerator).item()
    0.25
    """
    return Measure("pairs", MOVED.max(), pl.lit(1), same=(Same("mac", one_pair),))


@measures.register(
    "flip_probability",
    title="Flip probability",
    unit="share of pairs, mean over pictures",
    reference="Hendrycks & Dietterich 2019 (arXiv 1903.12261), §3: P(top-1 change) of each sequence, then the mean; the "
    "same as P(top-1 change) where all sequences are of one length",
)
def flip_probability() -> Measure:
    """The share of pairs of each sequence whose top classes differ, and its mean over pictures.

    >>> pairs = pl.DataFrame({"previous_top1": [1, 1, 2, 2], "top1": [1, 2, 2, 2]})
    >>> pairs.select(flip_probability().numerator).item()
    0.25
    """
    same = (Same("top1_change", one_pair), Same("top1_change", one_length, conditions=("all",)))
    return Measure("pairs", FLIPS.mean(), pl.lit(1), share_of="rows", same=same)


@measures.register(
    "top5_distance",
    title="Top-5 distance",
    unit="ranks, mean over pictures",
    reference="Hendrycks & Dietterich 2019 (arXiv 1903.12261), §3: d = Σᵢ₌₁⁵ |min(σ(i), 6) − i|, where the class at rank i "
    "is at rank σ(i) one step later: the mean of each sequence, then that of the sequences",
)
def top5_distance() -> Measure:
    """How many ranks the five most probable classes move from one frame to the next, and its mean over pictures.

    A class that leaves the first five counts as having moved to rank 6.

    >>> pairs = pl.DataFrame({"previous_top5": [[1, 2, 3, 4, 5]], "top5": [[2, 1, 3, 4, 6]]})
    >>> pairs.select(top5_distance().numerator).item()  # 1 and 2 move by one rank, 5 moves from rank 5 to 6
    3.0
    """
    now, before = pl.col("top5"), pl.col("previous_top5")
    terms = []
    for i in range(5):
        rank: pl.Expr = pl.lit(5)
        for j in range(5):
            same = before.list.get(i, null_on_oob=True) == now.list.get(j, null_on_oob=True)
            rank = pl.when(same).then(j).otherwise(rank)
        there = before.list.len() > i  # networks of fewer classes have shorter lists
        terms.append(pl.when(there).then((rank - i).abs()).otherwise(0))
    return Measure("pairs", pl.sum_horizontal(terms).mean(), pl.lit(1))
