"""Confidence intervals of shares of events, such as frames that are classified right or pairs whose answer changes."""

import numpy as np

from shiftscope.statistics.ratios import Floats, Totals, ratio


def wilson(share: Floats, trials: Floats, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Ends of Wilson's score interval for a share in [0, 1] of independent trials (Wilson 1927, JASA 22).

    It has a width also where the share is 0 or 1, and never leaves [0, 1]. `quantile` is one of the standard normal
    distribution or of Student's, such as 1.96.

    >>> [round(float(end), 3) for end in wilson(np.array(0.0), np.array(30.0), 1.96)]  # 1.96² ÷ (30 + 1.96²)
    [0.0, 0.114]
    """
    squared = np.asarray(quantile, dtype=np.float64) ** 2
    middle = (share + squared / (2 * trials)) / (1 + squared / trials)
    half = np.sqrt(squared * (share * (1 - share) / trials + squared / (4 * trials**2))) / (1 + squared / trials)
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


def share_intervals(totals: Totals, level: float) -> tuple[Floats, Floats]:
    """Intervals of shares whose trials come in pictures: (low, high), each (m,); nan for fewer than two pictures.

    Wilson's interval with the number of trials that carry the information: p (1 − p) ÷ v, where v is the variance of the
    share between pictures, but no fewer than half the pictures and no more than all trials; the number of pictures where
    no event, or nothing but events, was seen (pictures as `Totals.effective_pictures` counts them). Effective trials:
    Korn & Graubard 1998 (Survey Methodology 24), Wilson's interval with them: Dean & Pagano 2015 (JSSAM 3).

    The quantile is Student's. Its degrees of freedom are those of v (Satterthwaite 1946, Biometrics 2): 2 (Σ r²)² ÷ Σ r⁴
    over the pictures' residuals r for the part of v that is due to pictures being alike in themselves, since few events
    tell little about that; and the number of pictures − 1 for all of it.

    >>> from shiftscope.statistics.ratios import Ratios
    >>> ratios = Ratios(np.zeros((30, 1)), np.ones((30, 1)), np.array([30.0]), np.ones(1))
    >>> [end.round(3).tolist() for end in share_intervals(ratios.totals(), 0.95)]  # t² ÷ (30 + t²), Student's t₂₉ = 2.045
    [[0.0], [0.122]]
    """
    from scipy.special import stdtrit

    n = totals.counted
    known = n >= 2
    part = totals.columns(known)
    share = part.estimate / part.scale
    smallest = part.effective_pictures / 2
    largest = np.maximum(part.trials, smallest)
    squares = part.squares / part.scale**2
    variance = n[known] / (n[known] - 1) * squares
    sure = (share <= 0) | (share >= 1) | (variance <= 0)
    effective = np.clip(ratio(share * (1 - share), variance), smallest, largest)
    effective = np.where(sure, 2 * smallest, effective)
    between = np.where(sure, 0.0, np.clip(1 - effective / largest, 0, 1))  # the share of v that trials do not explain
    alike = ratio(part.fourth, part.squares**2)
    freedom = 1 / (1 / (n[known] - 1) + between**2 * np.nan_to_num(alike) / 2)
    quantile = np.asarray(stdtrit(freedom, (1 + level) / 2), dtype=np.float64)
    ends = wilson(share, effective, quantile)
    found = np.full((2, len(n)), np.nan)
    found[:, known] = np.array(ends) * part.scale
    return found[0], found[1]
