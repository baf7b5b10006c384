"""How much the answers of networks change: measures of predictions, one file per family, with intervals and
comparisons; and the tables of them.

Each network is looked at once for each protocol, by a job of its own, which leaves sums over the frames of each picture and
sums of these over resampled pictures (`one_network`). All tables are made of the two files; none reads predictions again.
"""

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.core.tables import OfMeasure


class PictureSums(Table):
    """One row per measure × condition × picture: what one network answered on all frames of the picture. The value of the
    measure is the sum of `numerator` over pictures ÷ that of `denominator`. Under the condition `bins` there are ten rows
    per picture."""

    files = ("<data set>/sums/<protocol>/<network>.parquet",)
    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all."""
    condition = Column(pl.String)
    """Which pairs or frames count: `all` of them; `right`, those whose first frame is classified right; or, of a mean over
    pairs, `bins`, those in one of ten bins of confidence. Other tables have the condition `matched`, which gives each bin
    another weight."""
    kind = Column(pl.String)
    """What the measure is: a share of `rows`, that is of frames or pairs; a share of `images`; the `total` of events in
    rows; or another `mean`."""
    image_id = Column(pl.String)
    """The id of the picture, as in `images.parquet`."""
    bin = Column(pl.Int32)
    """The bin of confidence in which a pair begins: from 1, where the probability of the top class on its first frame is up
    to 0.1, to 10, where it is above 0.9. Null for other conditions."""
    numerator = Column(pl.Float64)
    """What the picture adds to the numerator of the measure."""
    denominator = Column(pl.Float64)
    """What it adds to the denominator; 0 where it does not count."""
    counted = Column(pl.Int64)
    """How many of its frames, or pairs, count."""


class Draws(Table):
    """One row per measure × condition, or × swept value, of one network: sums over all pictures, and over resampled ones.
    Networks are resampled alike, so that tables of several networks follow from their rows. Here N and D are the numerator
    and the denominator of a picture, f = (N − D × estimate) ÷ ΣD is how much it moves the estimate, and d = D ÷ ΣD. Lists
    have a value for each draw; those of the condition `bins` have ten, one for each bin of confidence, or one for each two
    bins. Where there are no more pictures than draws, the lists are null, because they are made of the pictures again
    whenever a table needs them."""

    files = ("<data set>/draws/<protocol>/<network>.parquet",)
    measure = Column(pl.String)
    """The name of the measure; docs/config.md lists all."""
    condition = Column(pl.String)
    """Which pairs or frames count: `all` or `right`, as in the sums of pictures; `bins`, pairs by their bin of confidence;
    or `value`, those at one swept value."""
    value = Column(pl.Float64, "of the protocol")
    """The swept quantity of the frame, or of the second frame of a pair. Null in a row that is of all values."""
    seed = Column(pl.Int64)
    """The seed of the draws."""
    n_draws = Column(pl.Int64)
    """The number of resamples, and of random signs for each picture."""
    is_drawn = Column(pl.Boolean)
    """Whether there are lists of draws: whether there are more pictures than draws."""
    kind = Column(pl.String)
    """What the measure is, as in the sums of pictures."""
    n_images = Column(pl.Int64)
    """The number of pictures that count in the denominator."""
    n_pairs = Column(pl.Int64)
    """The number of pairs, or of frames for a measure of frames, that count in it."""
    pairs = Column(pl.List(pl.Int64))
    """The number of pairs of all pictures in each of the ten bins. Null but for the condition `bins`, where the numbers of
    pictures and pairs that count and the sums over pictures are null instead."""
    numerator = Column(pl.Float64)
    """The sum ΣN over pictures."""
    denominator = Column(pl.Float64)
    """The sum ΣD over pictures."""
    nonnegative = Column(pl.Boolean)
    """Whether no picture has a negative N."""
    squares = Column(pl.Float64)
    """The sum Σf² over pictures. Null where ΣD is 0, as the next three are."""
    products = Column(pl.Float64)
    """The sum Σfd over pictures."""
    weights = Column(pl.Float64)
    """The sum Σd² over pictures."""
    fourth = Column(pl.Float64)
    """The sum Σf⁴ over pictures."""
    weighted_numerator = Column(pl.List(pl.Float64))
    """The sum ΣN, first over the pictures as they are, then over each bootstrap resample of them. Null for shares, whose
    intervals need no resamples, as the next four are."""
    weighted_denominator = Column(pl.List(pl.Float64))
    """The sum ΣD over the same."""
    weighted_squares = Column(pl.List(pl.Float64))
    """The sum ΣN² over the same. With bins, of each two bins i ≤ j the product of their N."""
    weighted_products = Column(pl.List(pl.Float64))
    """The sum ΣND over the same. With bins, the N of each bin times the D of each bin."""
    weighted_denominator_squares = Column(pl.List(pl.Float64))
    """The sum ΣD² over the same. With bins, of each two bins i ≤ j the product of their D."""
    signed_numerator = Column(pl.List(pl.Float64))
    """The sum Σ±N over pictures, with a random sign for each picture in each draw of the permutation test. Null in a row
    that is of one swept value."""
    signed_denominator = Column(pl.List(pl.Float64))
    """The sum Σ±D over pictures, with the same signs."""
    numerators = Column(pl.List(pl.Float64))
    """Of a mean at one swept value, where nothing was drawn, the N of each picture. Null in other rows."""
    denominators = Column(pl.List(pl.Float64))
    """The same of D."""


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
    same_as = Column(pl.String)
    """The name of another measure that says the same on this protocol by definition: it has the same value, or this one is
    1 − it or a multiple of it. In sequences of two frames, for example, the flip probability is P(top-1 change), and the
    agreement is 1 − it. Null where there is none."""


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
    """One row per two networks × protocol × measure × condition, on the pictures that both have. Of measures that say the
    same on a protocol by definition (`same_as` in `sensitivity.parquet`), one has rows."""

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
    family = Column(pl.String)
    """To which question the row belongs. `primary`: P(top-1 change) and the mean absolute change, over all pairs and at
    matched confidence, where steps are neighbours, and the agreement of all frames where they are choices. `exploratory`:
    all other measures and conditions."""
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
    """The p-value adjusted for the number of rows of the same family, by the method that `statistics.adjust` names."""
    reason = Column(pl.String)
    """Why there is no interval, or, where no picture counts, no p-value. Null where there are both."""
    n_images_a = Column(pl.Int64)
    """Of the pictures that both networks have, the number that counts for network a."""
    n_images_b = Column(pl.Int64)
    """Of the pictures that both networks have, the number that counts for network b."""


SUMS = PictureSums.schema()
DRAWS = Draws.schema()
SENSITIVITY = Sensitivity.schema()
CURVES = Curves.schema()
COMPARISONS = Comparisons.schema()
