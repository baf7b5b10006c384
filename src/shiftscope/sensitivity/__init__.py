"""How much the answers of networks change: measures of predictions, one file per family, with intervals and
comparisons; and the tables of them."""

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.core.tables import OfMeasure


class Sensitivity(OfMeasure):
    """One row per network × protocol × measure × condition."""

    files = ("<data set>/sensitivity.parquet",)
    condition = Column(pl.String)
    """Which pairs or frames count: `all` of them; `right`, those whose first frame is classified right; or `matched`,
    weighted so that all networks have the same distribution of confidence."""
    estimate = Column(pl.Float64, "of the measure")
    """The value of the measure over all pictures."""
    ci_low = Column(pl.Float64, "of the measure")
    """The lower end of its interval: of shares, Wilson's with the effective number of trials; of other means, a bootstrap-t
    interval."""
    ci_high = Column(pl.Float64, "of the measure")
    """The upper end of its interval."""
    reason = Column(pl.String)
    """Why there is no interval. Null where there is one."""
    n_images = Column(pl.Int64)
    """The number of pictures that count in the denominator of the measure."""
    n_pairs = Column(pl.Int64)
    """The number of pairs, or of frames for a measure of frames, that count in it."""


class Curves(OfMeasure):
    """One row per network × protocol × measure × swept value."""

    files = ("<data set>/curves.parquet",)
    value = Column(pl.Float64, "of the protocol")
    """The swept quantity of the frame, or of the second frame of a pair."""
    estimate = Column(pl.Float64, "of the measure")
    """The value of the measure over all pictures."""
    ci_low = Column(pl.Float64, "of the measure")
    """The lower end of its interval, as in `sensitivity.parquet`."""
    ci_high = Column(pl.Float64, "of the measure")
    """The upper end of its interval."""
    reason = Column(pl.String)
    """Why there is no interval. Null where there is one."""
    n_images = Column(pl.Int64)
    """The number of pictures that count in the denominator of the measure."""


class Comparisons(Table):
    """One row per two networks × protocol × measure × condition, on the pictures that both have."""

    files = ("<data set>/comparisons.parquet",)
    network_a = Column(pl.String)
    """The name of the first network in the config."""
    network_b = Column(pl.String)
    """The name of the second network in the config."""
    protocol = Column(pl.String)
    """The name of the protocol in the config."""
    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all."""
    condition = Column(pl.String)
    """Which pairs or frames count, as in `sensitivity.parquet`."""
    difference = Column(pl.Float64, "of the measure")
    """The value of network a less that of network b."""
    ci_low = Column(pl.Float64, "of the measure")
    """The lower end of the interval of the difference."""
    ci_high = Column(pl.Float64, "of the measure")
    """The upper end of the interval of the difference."""
    p_value = Column(pl.Float64)
    """The two-sided p-value of a paired permutation test with random signs. Where fewer than 10 draws are as far from 0
    as the data, it is extrapolated by a normal tail."""
    p_adjusted = Column(pl.Float64)
    """The p-value adjusted for the number of rows of the whole table, by the method that `statistics.adjust` names."""
    reason = Column(pl.String)
    """Why there is no interval, or, where no picture counts, no p-value. Null where there are both."""
    n_images_a = Column(pl.Int64)
    """Of the pictures that both networks have, the number that counts for network a."""
    n_images_b = Column(pl.Int64)
    """Of the pictures that both networks have, the number that counts for network b."""


SENSITIVITY = Sensitivity.schema()
CURVES = Curves.schema()
COMPARISONS = Comparisons.schema()
