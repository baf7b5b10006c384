"""How a data set is framed: statistics of boxes and landmarks, and the tables of them."""

import polars as pl

BIAS = pl.Schema(
    {
        "category": pl.String,  # "(all)" for all categories together
        "quantity": pl.String,  # centre_x, centre_y, centre (both at once), height, width, area, aspect (of a box: w ÷ h)
        "null": pl.String,  # naive or feasible; "none": described, not tested
        "statistic": pl.Float64,  # Kolmogorov–Smirnov distance to U(0, 1); of `centre` the largest over quadrants of a grid
        "p_value": pl.Float64,  # the picture is the unit
        "q_value": pl.Float64,  # Benjamini–Hochberg over the categories of the same quantity and null
        "effect": pl.Float64,  # Wasserstein distance to U(0, 1): 0 = uniform, .25 = all in the middle, .5 = all at one end
        "effect_low": pl.Float64,  # pictures are resampled; none for `centre`, which has bits
        "effect_high": pl.Float64,
        "mean": pl.Float64,  # shares of the picture's side or area; under the feasible null, of the places left
        "sd": pl.Float64,
        "n": pl.Int64,  # boxes
        "reason": pl.String,  # why there is no p-value, or less than all else, where that is so
        "p_value_boxes": pl.Float64,  # as if the boxes of one picture were independent
        "p_holm": pl.Float64,  # Holm over the same categories as q_value
        "bits": pl.Float64,  # what the habit tells about the cell: of 8 for one coordinate, of 8 × 8 for `centre`
        "bits_low": pl.Float64,
        "bits_high": pl.Float64,
        "n_images": pl.Int64,
    }
)
INCLUSION = pl.Schema(
    {
        "criterion": pl.String,  # "as chosen", or what was chosen otherwise: crowd, difficult, truncated, edge
        "kept": pl.Boolean,  # whether such boxes are kept in this row; null for "as chosen"
        "concerned": pl.Int64,  # boxes that the choice is about
        "quantity": pl.String,
        "null": pl.String,
        # Categories with q below the threshold, and all that were tested. Of `centre`, a category whose boxes leave room
        # along one axis alone counts by that axis.
        "rejected": pl.Int64,
        "tested": pl.Int64,
        "effect": pl.Float64,  # of all categories together, as in BIAS
        "effect_low": pl.Float64,
        "effect_high": pl.Float64,
        "bits": pl.Float64,
        "n": pl.Int64,  # boxes
        "n_images": pl.Int64,
        "reason": pl.String,  # why there is no effect, or why the choice changes nothing
    }
)
FRAMING_COMPARISON = pl.Schema(
    {
        "category": pl.String,
        "quantity": pl.String,  # as in BIAS; aspect as w ÷ (w + h)
        "null": pl.String,  # naive: shares of the picture; feasible: of the places that its size leaves a box
        "statistic": pl.Float64,  # Kolmogorov–Smirnov distance between the two; of `centre` over quadrants of a grid
        "p_value": pl.Float64,  # the picture is the unit
        "p_value_boxes": pl.Float64,  # as if the boxes of one picture were independent
        "q_value": pl.Float64,  # Benjamini–Hochberg over the categories of the same quantity and null
        "p_holm": pl.Float64,
        "effect": pl.Float64,  # Wasserstein distance between the two, 0 to 1
        "effect_low": pl.Float64,
        "effect_high": pl.Float64,
        "difference": pl.Float64,  # of the means, a − b
        "mean_a": pl.Float64,
        "mean_b": pl.Float64,
        "n_a": pl.Int64,  # boxes
        "n_b": pl.Int64,
        "n_images_a": pl.Int64,
        "n_images_b": pl.Int64,
        "reason": pl.String,  # why there is no p-value or no effect
    }
)
