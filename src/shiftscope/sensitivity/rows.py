"""Predictions as the rows that measures look at: frames, and pairs of neighbouring frames."""

import polars as pl


def frame_rows(predictions: pl.DataFrame) -> pl.DataFrame:
    """One row per frame of `predictions` (tables.PREDICTIONS), in the order of image and step.

    Columns: image_id, step, value, top5 and prob_of_previous_top1 as they are; `top1` and `top1_prob`, the most probable
    class and its probability; `right`, whether the label is the top class, and `in5`, whether it is among the first five,
    both null where there is no label.

    >>> from shiftscope.core.tables import PREDICTIONS
    >>> row = {"image_id": "cat", "step": 0, "label_rank": 2, "top5": [7, 3], "top5_prob": [0.75, 0.25]}
    >>> frame_rows(pl.DataFrame([row], schema=PREDICTIONS)).select("top1", "top1_prob", "right", "in5").row(0)
    (7, 0.75, False, True)
    """
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
    )


def pair_rows(frames: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of neighbouring steps of an image, from `frame_rows`, which are in the order of image and step.

    The columns of `frame_rows` are those of the pair's second frame. Those of its first frame begin with `previous_`, and
    its top-1 probability is `top1_prob_before`. `prob_of_previous_top1` is the probability, on the second frame, of the
    class that was top on the first. Steps with a gap between them are no pair.

    >>> from shiftscope.core.tables import PREDICTIONS
    >>> rows = [{"image_id": "cat", "step": step, "top5": [step], "top5_prob": [1.0]} for step in (0, 1, 3)]
    >>> pair_rows(frame_rows(pl.DataFrame(rows, schema=PREDICTIONS))).select("previous_step", "step", "top1").rows()
    [(0, 1, 1)]
    """
    before = {
        "step": "previous_step",
        "top1": "previous_top1",
        "top5": "previous_top5",
        "top1_prob": "top1_prob_before",
        "right": "previous_right",
        "in5": "previous_in5",
    }
    paired = frames.with_columns(pl.col(now).shift(1).alias(then) for now, then in before.items())
    same_image = pl.col("image_id") == pl.col("image_id").shift(1)
    return paired.filter(same_image & (pl.col("step") == pl.col("previous_step") + 1))
