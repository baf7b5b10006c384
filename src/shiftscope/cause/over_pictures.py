"""One or two numbers per picture, and the interval of their mean or ratio over pictures."""

import numpy as np

from shiftscope.statistics.intervals import intervals
from shiftscope.statistics.ratios import Floats, Ratios

RESAMPLES = 1000
"""Of the bootstrap of means that are no shares."""
ONE_FRAME = "the sequence has one frame only, and nothing to compare it with"


class Sums:
    """Numerators and denominators, a pair for each picture."""

    def __init__(self) -> None:
        self.numerators: list[float] = []
        self.denominators: list[float] = []

    def add(self, numerator: float, denominator: float = 1.0) -> None:
        """Of one picture. A denominator of 0 says that it does not count."""
        self.numerators.append(float(numerator))
        self.denominators.append(float(denominator))


def row_of(quantity: str, sums: Sums, level: float, seed: int, reason: str, share: bool = False) -> dict[str, object]:
    """A row of LAYERS: Σ numerator ÷ Σ denominator, with its interval over pictures (`statistics.intervals`).

    Pictures whose sums are not finite are left out, and the row's reason says how many.

    Parameters
    ----------
    reason : why there is no estimate, said where no picture counts.
    share : whether the numerators count events, of which the denominators say how many there could be at most.
    """
    numerator, denominator = np.array(sums.numerators)[:, None], np.array(sums.denominators)[:, None]
    finite = (np.isfinite(numerator) & np.isfinite(denominator))[:, 0]
    lost = left_out(int((~finite).sum()), len(finite))
    numerator, denominator = numerator[finite], denominator[finite]
    counted = int((denominator != 0).sum())
    if not counted:
        return {"quantity": quantity, "n_images": 0, "reason": lost or reason}
    trials = denominator.sum(0) if share else np.full(1, np.nan)
    found = intervals(Ratios(numerator, denominator, trials, np.ones(1)), level=level, seed=seed, n_resamples=RESAMPLES)
    low, high = (None if np.isnan(end) else float(end) for end in (found.low[0], found.high[0]))
    return {
        "quantity": quantity,
        "estimate": float(found.estimate[0]),
        "ci_low": low,
        "ci_high": high,
        "n_images": counted,
        "reason": "; ".join(filter(None, (found.reason[0], lost))) or None,
    }


def left_out(lost: int, pictures: int) -> str:
    """What is said of pictures that are lost because their maps are not finite; empty where none is.

    >>> left_out(2, 40)
    '2 of 40 pictures are left out, since their maps have values that are not finite'
    """
    return f"{lost} of {pictures} pictures are left out, since their maps have values that are not finite" if lost else ""


def jackknife(estimate: float, without: Floats, level: float) -> tuple[float, float]:
    """Interval of an estimate from its values without each of g groups of pictures, (g,): estimate ± t × standard error.

    The error is the jackknife's (Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 11.2), t Student's with
    g − 1 degrees of freedom.

    >>> low, high = jackknife(2.0, np.array([1.9, 2.1]), 0.95)
    >>> round(high - 2.0, 3)  # √(1/2 × (.1² + .1²)) = .1, times 12.706
    1.271
    """
    from scipy.stats import t

    groups = len(without)
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    half = float(t.ppf((1 + level) / 2, groups - 1) * error)
    return estimate - half, estimate + half
