"""One or two numbers per picture, and the interval of their mean or ratio over pictures."""

import numpy as np

from shiftscope.statistics.intervals import intervals
from shiftscope.statistics.ratios import Floats, Ratios

RESAMPLES = 1000
"""Of the bootstrap of means that are no shares."""


class Sums:
    """Numerators and denominators, a pair for each picture."""

    def __init__(self) -> None:
        self.numerators: list[float] = []
        self.denominators: list[float] = []

    def add(self, numerator: float, denominator: float = 1.0) -> None:
        """Of one picture. A denominator of 0 says that it does not count."""
        self.numerators.append(float(numerator))
        self.denominators.append(float(denominator))


def row_of(quantity: str, sums: Sums, level: float, seed: int, reason: str, trials: float | None = None) -> dict[str, object]:
    """A row of LAYERS: Σ numerator ÷ Σ denominator, with its interval over pictures (`statistics.intervals`).

    Parameters
    ----------
    reason : why there is no estimate, said where no picture counts.
    trials : for a share of events, how many there could be at most in all; not given for a mean of other values.
    """
    numerator, denominator = np.array(sums.numerators)[:, None], np.array(sums.denominators)[:, None]
    finite = np.isfinite(numerator) & np.isfinite(denominator)
    if not finite.all():
        return {"quantity": quantity, "reason": "the maps have values that are not finite"}
    counted = int((denominator != 0).sum())
    if not counted:
        return {"quantity": quantity, "n_images": 0, "reason": reason}
    ratios = Ratios(numerator, denominator, np.array([np.nan if trials is None else trials]), np.ones(1))
    found = intervals(ratios, level=level, seed=seed, n_resamples=RESAMPLES)
    ends = (None if np.isnan(end) else float(end) for end in (found.low[0], found.high[0]))
    low, high = ends
    return {
        "quantity": quantity,
        "estimate": float(found.estimate[0]),
        "ci_low": low,
        "ci_high": high,
        "n_images": counted,
        "reason": found.reason[0],
    }


def jackknife(estimate: float, without: Floats, level: float) -> tuple[float, float]:
    """Interval of an estimate from its values without each of g groups of pictures, (g,): estimate ± t × standard error, the
    error by the jackknife (Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 11.2), t Student's with g − 1
    degrees of freedom.

    >>> low, high = jackknife(2.0, np.array([1.9, 2.1]), 0.95)
    >>> round(high - 2.0, 3)  # √(1/2 × (.1² + .1²)) = .1, times 12.706
    1.271
    """
    from scipy.stats import t

    groups = len(without)
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    half = float(t.ppf((1 + level) / 2, groups - 1) * error)
    return estimate - half, estimate + half
