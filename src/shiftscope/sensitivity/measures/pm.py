"""Right on every frame within ±k steps of the middle one."""

import polars as pl

from shiftscope.sensitivity.measures import Lengths, Measure, Same, measures


def _register(k: int) -> None:
    @measures.register(
        f"pm_{k}",
        title=f"pm-{k} accuracy",
        unit="share of pictures",
        needs=("labels",),
        reference=f"Shankar et al. 2019 (arXiv 1906.02168): right on every frame within ±{k} of the anchor, here the "
        f"middle step; of sequences that have all {2 * k + 1} frames",
    )
    def pm() -> Measure:
        def whole_sequence(lengths: Lengths) -> bool:
            return lengths == (2 * k + 1, 2 * k)

        step = pl.col("step")
        near = (step - step.get(pl.len() // 2)).abs() <= k
        whole = near.sum() == 2 * k + 1
        right = (pl.col("right") | ~near).all() & whole
        counted = whole.cast(pl.Int64)
        return Measure(
            "frames",
            right.cast(pl.Int64),
            counted,
            counted=counted * near.sum(),
            neighbours=True,
            share_of="images",
            same=(Same("worst_accuracy", whole_sequence, conditions=("all",)),) if k else (),
        )


for _k in (0, 1, 10):
    _register(_k)
