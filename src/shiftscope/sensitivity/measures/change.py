"""How much the answer changes from one frame to the next; no label is needed."""

import polars as pl

from shiftscope.sensitivity.measures import Measure, measures


@measures.register(
    "top1_change",
    title="P(top-1 change)",
    unit="share of pairs",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of [argmax f(x₁) ≠ argmax f(x₂)]",
)
def top1_change() -> Measure:
    return Measure("pairs", (pl.col("top1") != pl.col("previous_top1")).sum(), pl.len())


@measures.register(
    "mac",
    title="Mean absolute change",
    unit="probability",
    reference="Azulay & Weiss 2019 (JMLR 20(184)): mean over pairs of |p₁[k] − p₂[k]|, k = argmax p₁",
)
def mac() -> Measure:
    return Measure("pairs", (pl.col("top1_prob_before") - pl.col("previous_top1_prob")).abs().sum(), pl.len())
