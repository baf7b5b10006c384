"""How much: measures of predictions, one file per family, with intervals and comparisons; and the tables of them."""

import polars as pl

SENSITIVITY = pl.Schema(
    {
        "network": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "condition": pl.String,  # all; right: pairs whose first frame is classified right; matched: at equal confidence
        "estimate": pl.Float64,
        "ci_low": pl.Float64,  # shares: Wilson's interval with the effective number of trials; other means: bootstrap-t
        "ci_high": pl.Float64,
        "reason": pl.String,  # why there is no interval; null where there is one
        "n_images": pl.Int64,  # images that count in the denominator
        "n_pairs": pl.Int64,  # rows (pairs or frames) that count in it
    }
)
CURVES = pl.Schema(
    {
        "network": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "value": pl.Float64,  # of the frame, or of a pair's second frame: the swept quantity in the protocol's unit
        "estimate": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "reason": pl.String,
        "n_images": pl.Int64,
    }
)
COMPARISONS = pl.Schema(
    {
        "network_a": pl.String,
        "network_b": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "condition": pl.String,
        "difference": pl.Float64,  # estimate of a − estimate of b, on the same images
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "p_value": pl.Float64,  # two-sided; where fewer than 10 draws are as far from 0, extrapolated by the normal tail
        "p_adjusted": pl.Float64,  # over the whole table
        "reason": pl.String,  # why there is no interval, and where nothing counts no p-value; null where there are both
        "n_images_a": pl.Int64,  # of the images that both have, those that count for network a
        "n_images_b": pl.Int64,
    }
)
