"""How a data set is framed: statistics of boxes, and the table of them."""

import polars as pl

BIAS = pl.Schema(
    {
        "category": pl.String,  # "(all)" for all categories together
        "quantity": pl.String,  # centre_x, centre_y, height
        "null": pl.String,  # naive or feasible
        "statistic": pl.Float64,  # Kolmogorov–Smirnov distance to U(0, 1)
        "p_value": pl.Float64,
        "q_value": pl.Float64,  # Benjamini–Hochberg over the categories of the same quantity and null
        "effect": pl.Float64,  # Wasserstein distance to U(0, 1): 0 = uniform, .25 = all in the middle, .5 = all at one end
        "effect_low": pl.Float64,
        "effect_high": pl.Float64,
        "mean": pl.Float64,
        "sd": pl.Float64,
        "n": pl.Int64,
        "reason": pl.String,  # why there is no p-value, where there is none
    }
)
