"""How much the answer changes from one frame to the next; no label is needed."""

import polars as pl

from shiftscope.sensitivity.measures import Measure, mean, measures

FLIPS = pl.col("top1") != pl.col("previous_top1")
MOVED = (pl.col("top1_prob_before") - pl.col("prob_of_previous_top1")).abs()


@measures.register(
    "top1_change",
    title="P(top-1 change)",
    unit="share of pairs",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of [argmax f(x₁) ≠ argmax f(x₂)]",
)
def top1_change() -> Measure:
    return mean("pairs", FLIPS, share=True)


@measures.register(
    "mac",
    title="Mean absolute change",
    unit="probability",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of |p₁[k] − p₂[k]|, k = argmax p₁",
)
def mac() -> Measure:
    return mean("pairs", MOVED, share=False)


@measures.register(
    "worst_change",
    title="Largest change in a sequence",
    unit="probability",
    reference="our own: as the mean absolute change, but for each picture its largest, then the mean over pictures",
)
def worst_change() -> Measure:
    return Measure("pairs", MOVED.max(), pl.lit(1))


@measures.register(
    "flip_probability",
    title="Flip probability",
    unit="share of pairs, mean over pictures",
    reference="Hendrycks & Dietterich 2019 (arXiv 1903.12261), §3: P(top-1 change) of each sequence, then the mean; the "
    "same as P(top-1 change) where all sequences are of one length",
)
def flip_probability() -> Measure:
    return Measure("pairs", FLIPS.mean(), pl.lit(1), share_of="rows")


@measures.register(
    "top5_distance",
    title="Top-5 distance",
    unit="ranks, mean over pictures",
    reference="Hendrycks & Dietterich 2019 (arXiv 1903.12261), §3: d = Σᵢ₌₁⁵ |min(σ(i), 6) − i|, where the class at rank i "
    "is at rank σ(i) one step later: the mean of each sequence, then that of the sequences",
)
def top5_distance() -> Measure:
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
