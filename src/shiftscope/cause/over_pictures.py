"""One or two numbers per picture, and the interval of their mean or ratio over pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shiftscope.statistics.bootstrap import FEWEST_PICTURES, resampled_means
from shiftscope.statistics.intervals import Intervals, intervals, intervals_of
from shiftscope.statistics.moments import Moments
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
    if not (denominator != 0).any():
        return {"quantity": quantity, "n_images": 0, "reason": lost or reason}
    trials = denominator.sum(0) if share else np.full(1, np.nan)
    ratios = Ratios(numerator, denominator, trials, np.ones(1))
    (row,) = _rows([quantity], ratios.counted, intervals(ratios, level=level, seed=seed, n_resamples=RESAMPLES))
    return {**row, "reason": "; ".join(filter(None, (str(row["reason"] or ""), lost))) or None}


def rows_of_means(quantities: Sequence[str], values: Floats, level: float, seed: int) -> list[dict[str, object]]:
    """The rows that `row_of` has for the means over pictures of finite `values`, (pictures, quantities), which are no
    shares: all at once, in a small part of the time."""
    count = len(quantities)
    ratios = Ratios(values, np.ones_like(values), np.full(count, np.nan), np.ones(count))
    resamples = RESAMPLES if len(values) >= FEWEST_PICTURES else 0
    # One product of matrices for each, as `row_of` has it: one for all is rounded otherwise.
    each = [resampled_means(ratios.columns(one), seed=seed, n_resamples=resamples) for one in np.eye(count, dtype=bool)]
    moments = Moments(*(np.concatenate(parts, axis=1) for parts in zip(*each, strict=True)))
    return _rows(quantities, ratios.counted, intervals_of(ratios.totals(), moments, level=level))


def _rows(quantities: Sequence[str], counted: NDArray[np.int64], found: Intervals) -> list[dict[str, object]]:
    return [
        {
            "quantity": quantity,
            "estimate": float(found.estimate[place]),
            "ci_low": None if np.isnan(found.low[place]) else float(found.low[place]),
            "ci_high": None if np.isnan(found.high[place]) else float(found.high[place]),
            "n_images": int(counted[place]),
            "reason": found.reason[place],
        }
        for place, quantity in enumerate(quantities)
    ]


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
    from scipy.special import stdtrit

    groups = len(without)
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    half = float(stdtrit(groups - 1, (1 + level) / 2) * error)
    return estimate - half, estimate + half
