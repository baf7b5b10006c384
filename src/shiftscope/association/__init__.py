"""How the framing of pictures and the sensitivity of networks go together, and the tables of it."""

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.core.tables import OfMeasure


class Correlation(OfMeasure):
    """One row per network × protocol × measure: whether answers change more on categories that are framed more tightly."""

    files = ("<data set>/relation.parquet",)
    rho = Column(pl.Float64)
    """Spearman's rank correlation over categories between the effect of bias and the measure, from −1 to 1."""
    rho_low = Column(pl.Float64)
    """The lower end of its interval, a percentile bootstrap over categories."""
    rho_high = Column(pl.Float64)
    """The upper end of its interval."""
    p_value = Column(pl.Float64)
    """The two-sided p-value, by permutations of the categories."""
    q_value = Column(pl.Float64)
    """The p-value adjusted by Benjamini & Hochberg over the rows of the table."""
    n = Column(pl.Int64)
    """The number of categories."""
    n_images = Column(pl.Int64)
    """The number of pictures in these categories that count for the measure."""
    reason = Column(pl.String)
    """Why there is no correlation or no interval. Null where there are both."""


class AccuracyBySurprisal(Table):
    """One row per other data set × network × protocol × quarter of the pictures: what it costs that pictures are framed
    unlike those of the other data set."""

    files = ("<data set>/accuracy_by_surprisal.parquet",)
    other = Column(pl.String)
    """The name of the data set whose framing is taken for the usual one, such as the training set."""
    network = Column(pl.String)
    """The name of the network in the config."""
    protocol = Column(pl.String)
    """The name of the protocol in the config."""
    quarter = Column(pl.Int64)
    """The quarter of the pictures, from 1, which are framed most alike, to 4, which are framed most unlike."""
    surprisal = Column(pl.Float64, "bits")
    """The mean over the quarter of −log₂ of the probability that the framing of the picture has in the other data set."""
    accuracy = Column(pl.Float64)
    """The share of pictures in the quarter that are classified right, from 0 to 1."""
    ci_low = Column(pl.Float64)
    """The lower end of the interval of the accuracy."""
    ci_high = Column(pl.Float64)
    """The upper end of the interval of the accuracy."""
    n_images = Column(pl.Int64)
    """The number of pictures in the quarter."""


CORRELATION = Correlation.schema()
ACCURACY_BY_SURPRISAL = AccuracyBySurprisal.schema()
