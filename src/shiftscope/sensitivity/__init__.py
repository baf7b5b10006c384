"""How much: measures of predictions, one file per family, with intervals and comparisons; and the tables of them."""

import polars as pl

SENSITIVITY = pl.Schema(
    {
        "network": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "condition": pl.String,  # all; right: pairs whose first frame is classified right; matched: at equal confidence
        "estimate": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
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
        "p_value": pl.Float64,
        "p_adjusted": pl.Float64,
        "n_images": pl.Int64,
    }
)
