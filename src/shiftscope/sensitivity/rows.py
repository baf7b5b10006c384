"""Predictions as the rows that measures look at: frames, and pairs of neighbouring frames."""

import polars as pl


def frame_rows(predictions: pl.DataFrame) -> pl.DataFrame:
    """One row per frame of tables.PREDICTIONS, by image and step: `top1`, `top1_prob`, `right` (the label is top), `in5`
    (the label is among the first five); the last two null where there is no label. `weight` is 1: see `summary.matched`."""
    return predictions.sort("image_id", "step", maintain_order=True).select(
        "image_id",
        "step",
        "value",
        "top5",
        pl.col("top5").list.first().alias("top1"),
        pl.col("top5_prob").list.first().cast(pl.Float64).alias("top1_prob"),
        (pl.col("label_rank") == 1).alias("right"),
        (pl.col("label_rank") <= 5).alias("in5"),
        pl.col("prob_of_previous_top1").cast(pl.Float64),
        pl.lit(1.0).alias("weight"),
    )


def pair_rows(frames: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of neighbouring steps, named after its second frame; the first one's columns begin with `previous_`,
    its top-1 probability is `top1_prob_before`. `prob_of_previous_top1` is the probability now of the class that was top
    then.

    A gap in the steps makes no pair.
    """
    before = {
        "step": "previous_step",
        "top1": "previous_top1",
        "top5": "previous_top5",
        "top1_prob": "top1_prob_before",
        "right": "previous_right",
        "in5": "previous_in5",
    }
    paired = frames.with_columns(pl.col(now).shift(1).over("image_id").alias(then) for now, then in before.items())
    return paired.filter(pl.col("step") == pl.col("previous_step") + 1)
