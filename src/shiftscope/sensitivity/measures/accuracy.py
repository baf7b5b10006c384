"""How often the answer is right."""

import polars as pl

from shiftscope.sensitivity.measures import Measure, mean, measures


@measures.register(
    "accuracy", title="Accuracy", unit="share of frames", needs=("labels",), reference="top-1, over all frames"
)
def accuracy() -> Measure:
    return mean("frames", pl.col("right"), share=True)


@measures.register(
    "top5_accuracy", title="Top-5 accuracy", unit="share of frames", needs=("labels",), reference="top-5, over all frames"
)
def top5_accuracy() -> Measure:
    return mean("frames", pl.col("in5"), share=True)
