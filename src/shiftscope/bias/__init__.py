"""How a data set is framed: statistics of boxes and landmarks, and the tables of them. docs/framing.md explains the
statistics."""

import polars as pl

from shiftscope.core.columns import Column, Table


class Bias(Table):
    """One row per category × quantity × null hypothesis: how far the boxes of the category, or its pairs of points, are
    from uniformly framed."""

    files = ("<data set>/bias.parquet", "<data set>/landmark_bias.parquet")
    category = Column(pl.String)
    """The category of the boxes; `(all)` for those of all categories together."""
    quantity = Column(pl.String)
    """What was looked at. Of a box: `centre_x`, `centre_y`, `centre` (both at once), `height`, `width`, `area` or
    `aspect` (width ÷ height). Of a pair of points: `midpoint_x`, `midpoint_y`, `midpoint` (both at once) or `distance`;
    where there are several pairs, the name of the pair stands before it, as in `eyes midpoint_x`."""
    null = Column(pl.String)
    """The null hypothesis: `naive`, uniform over the picture; `feasible`, uniform among the places that its size leaves
    a box; `none`, where the quantity is described and not tested."""
    statistic = Column(pl.Float64)
    """The Kolmogorov–Smirnov distance to the uniform distribution, from 0 to 1. Of `centre`, it is the largest
    difference over the quadrants at the points of a grid."""
    p_value = Column(pl.Float64)
    """The p-value of the test, with the picture as the unit."""
    q_value = Column(pl.Float64)
    """The p-value adjusted by Benjamini & Hochberg over the categories of the same quantity and null."""
    effect = Column(pl.Float64)
    """The Wasserstein distance to the uniform distribution: 0 if uniform, 0.25 if all are in the middle, 0.5 if all are
    at one end. Null for `centre`, which has `bits`."""
    effect_low = Column(pl.Float64)
    """The lower end of the interval of `effect`, by a Bayesian bootstrap over pictures."""
    effect_high = Column(pl.Float64)
    """The upper end of the interval of `effect`."""
    mean = Column(pl.Float64)
    """The mean of the quantity: a coordinate or a length as a share of the side of the picture, a distance as a share
    of its width, an area as a share of its area; under the feasible null, the place from 0 to 1 among those that are
    left to the box."""
    sd = Column(pl.Float64)
    """The standard deviation, on the same scale as `mean`."""
    n = Column(pl.Int64)
    """The number of boxes, or of pairs of points."""
    reason = Column(pl.String)
    """Why there is no p-value. Null where there is one."""
    p_value_boxes = Column(pl.Float64)
    """The p-value that the test would have if the boxes of one picture were independent."""
    p_holm = Column(pl.Float64)
    """The p-value adjusted by Holm over the same categories as `q_value`."""
    bits = Column(pl.Float64, "bits")
    """What the habit of the category tells about the cell that a box lies in, out of 8 cells for one coordinate and of
    8 × 8 for `centre`."""
    bits_low = Column(pl.Float64, "bits")
    """The lower end of the interval of `bits`, by a Bayesian bootstrap over pictures."""
    bits_high = Column(pl.Float64, "bits")
    """The upper end of the interval of `bits`."""
    n_images = Column(pl.Int64)
    """The number of pictures that these boxes are in."""


class InclusionTable(Table):
    """One row per choice of boxes × quantity × null hypothesis: what the answer is when boxes of one kind are kept that
    were dropped, or dropped that were kept."""

    files = ("<data set>/inclusion.parquet",)
    criterion = Column(pl.String)
    """`as chosen`, for the choice in the config, or the kind of boxes that is treated the other way: `crowd`, `difficult`,
    `truncated` or `edge`."""
    kept = Column(pl.Boolean)
    """Whether boxes of this kind are kept in this row. Null for `as chosen`."""
    concerned = Column(pl.Int64)
    """The number of boxes of this kind. Null for `as chosen`."""
    quantity = Column(pl.String)
    """What was looked at, as in `bias.parquet`."""
    null = Column(pl.String)
    """The null hypothesis, as in `bias.parquet`."""
    rejected = Column(pl.Int64)
    """The number of categories whose `q_value` is below 0.05. Of `centre`, a category whose boxes leave room along one
    axis alone counts by that axis."""
    tested = Column(pl.Int64)
    """The number of categories that were tested."""
    effect = Column(pl.Float64)
    """The effect over all categories together, as in `bias.parquet`."""
    effect_low = Column(pl.Float64)
    """The lower end of the interval of `effect`."""
    effect_high = Column(pl.Float64)
    """The upper end of the interval of `effect`."""
    bits = Column(pl.Float64, "bits")
    """The bits over all categories together, as in `bias.parquet`."""
    n = Column(pl.Int64)
    """The number of boxes."""
    n_images = Column(pl.Int64)
    """The number of pictures that these boxes are in."""
    reason = Column(pl.String)
    """Why there is no effect, or why the choice changes nothing. Null where there is nothing to say."""


class FramingComparison(Table):
    """One row per category × quantity × null hypothesis: whether the boxes of the category are framed alike in two data
    sets, a (this one) and b (the one that the file is named after)."""

    files = ("<data set>/framing_comparison/<other data set>.parquet",)
    category = Column(pl.String)
    """The category of the boxes; `(all)` for those of all categories together."""
    quantity = Column(pl.String)
    """What was compared, as in `bias.parquet`; the aspect is given as width ÷ (width + height)."""
    null = Column(pl.String)
    """What is compared: with `naive`, shares of the picture; with `feasible`, places among those that its size leaves a
    box."""
    statistic = Column(pl.Float64)
    """The Kolmogorov–Smirnov distance between the two data sets, from 0 to 1. Of `centre`, it is the largest difference
    over the quadrants at the points of a grid."""
    p_value = Column(pl.Float64)
    """The p-value of the test, with the picture as the unit."""
    p_value_boxes = Column(pl.Float64)
    """The p-value that the test would have if the boxes of one picture were independent."""
    q_value = Column(pl.Float64)
    """The p-value adjusted by Benjamini & Hochberg over the categories of the same quantity and null."""
    p_holm = Column(pl.Float64)
    """The p-value adjusted by Holm over the same categories."""
    effect = Column(pl.Float64)
    """The Wasserstein distance between the two data sets, from 0 to 1. Null for `centre`."""
    effect_low = Column(pl.Float64)
    """The lower end of the interval of `effect`, by a Bayesian bootstrap over the pictures of both."""
    effect_high = Column(pl.Float64)
    """The upper end of the interval of `effect`."""
    difference = Column(pl.Float64)
    """The mean in a less the mean in b."""
    mean_a = Column(pl.Float64)
    """The mean in a, as in `bias.parquet`."""
    mean_b = Column(pl.Float64)
    """The mean in b."""
    n_a = Column(pl.Int64)
    """The number of boxes in a."""
    n_b = Column(pl.Int64)
    """The number of boxes in b."""
    n_images_a = Column(pl.Int64)
    """The number of pictures in a that these boxes are in."""
    n_images_b = Column(pl.Int64)
    """The number of pictures in b that these boxes are in."""
    reason = Column(pl.String)
    """Why there is no p-value or no effect. Null where there are both."""


BIAS = Bias.schema()
INCLUSION = InclusionTable.schema()
FRAMING_COMPARISON = FramingComparison.schema()
