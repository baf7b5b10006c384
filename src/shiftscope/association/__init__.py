"""How the framing of pictures and the sensitivity of networks go together, and the tables of it."""

import polars as pl

CORRELATION = pl.Schema(
    {
        "network": pl.String,
        "protocol": pl.String,
        "measure": pl.String,
        "rho": pl.Float64,  # Spearman's, over categories, of the effect of bias and the sensitivity
        "rho_low": pl.Float64,
        "rho_high": pl.Float64,
        "p_value": pl.Float64,  # two-sided, by permutation
        "q_value": pl.Float64,  # Benjamini–Hochberg over the rows
        "n": pl.Int64,  # categories
        "n_images": pl.Int64,
        "reason": pl.String,  # why there is no correlation or no interval
    }
)
ACCURACY_BY_SURPRISAL = pl.Schema(
    {
        "other": pl.String,  # the data set whose framing is the usual one, such as the training set
        "network": pl.String,
        "protocol": pl.String,
        "quarter": pl.Int64,  # of the pictures, from 1, framed most alike, to 4, most unlike
        "surprisal": pl.Float64,  # bits, mean over the quarter
        "accuracy": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "n_images": pl.Int64,
    }
)
