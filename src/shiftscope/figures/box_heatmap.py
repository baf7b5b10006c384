"""Probability of the true class over pictures × place of the window, the pictures with the largest objects first."""

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.heatmap import draw_map
from shiftscope.figures.paper_values import V1


@figure(
    "box_heatmap",
    title="P(true class) over pictures by the size of their box",
    reference=f"{V1}, figure 3: rows sorted by box size; there, it is black where a window would not keep the box",
    tables=("predictions", "boxes"),
    source=("labels",),
    protocol=("box_crop",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the probability of the true class over the place of the window, the picture with the largest box first, and each
    change of the answer."""
    area = (pl.col("x_max") - pl.col("x_min")) * (pl.col("y_max") - pl.col("y_min"))
    boxes = inputs.boxes.filter(~pl.col("is_crowd").fill_null(value=False))
    largest = boxes.group_by("image_id").agg(area.max().alias("area"))
    ranked = largest.sort("area", "image_id", descending=[True, False])["image_id"].to_list()
    return draw_map(inputs, ranked, "the largest box first", "a window would not keep the box")
