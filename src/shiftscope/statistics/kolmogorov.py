"""The exact distribution of the Kolmogorov–Smirnov distance of a sample to the distribution that it is from."""

import numpy as np
from numpy.typing import ArrayLike

from shiftscope.statistics.ratios import Floats

MOST = 140
"""Values up to which SciPy's number is exact; beyond, it is right to five digits."""
TAIL = 3
"""n D², beyond which P is about 2 exp(−2 n D²) < .005."""


def two_sided_p(distance: ArrayLike, n: ArrayLike) -> Floats:
    """Return P(D ≥ distance) for n independent values of a continuous distribution: `scipy.stats.kstwo.sf`, up to 1e-13.

    From p = 1 to .005, where SciPy takes a recursion of 2 n steps in Python for each number, it is computed by powers of a
    matrix instead (Marsaglia, Tsang & Wang 2003, J. Stat. Softw. 8(18)), in a tenth of the time. Smaller ones would lose
    digits, being what a share of nearly 1 leaves.

    Parameters
    ----------
    distance : (tests,), from 0 to 1.
    n : (tests,), whole numbers of at least 1.

    Examples
    --------
    Two values are less than 0.4 away where one is in (0.1, 0.4) and one in (0.6, 0.9), which happens in 2 × 0.3² of cases:

    >>> two_sided_p([0.4], [2]).round(3)
    array([0.82])
    """
    from scipy.stats import kstwo

    distance, n = np.broadcast_arrays(np.asarray(distance, dtype=np.float64), n)
    p = np.empty(distance.shape)
    powers = (n <= MOST) & (distance < 1 / 2) & (n * distance**2 <= TAIL)
    p[powers] = [1 - _below(int(many), d) for many, d in zip(n[powers], distance[powers], strict=True)]
    p[~powers] = kstwo.sf(distance[~powers], n[~powers])
    return np.clip(p, 0, 1)


def _below(n: int, distance: float) -> float:
    """P(D < distance): n! ÷ nⁿ times the element in the middle of Hⁿ, in the notation of the authors."""
    k = int(n * distance) + 1
    h, m = k - n * distance, 2 * k - 1
    place = np.arange(m)
    over_factorial = 1 / np.cumprod(np.maximum(np.arange(m + 1.0), 1))
    matrix = np.append(over_factorial, 0)[np.maximum(place[:, None] - place + 1, -1)]
    ends = h ** (place + 1) * over_factorial[1:]
    matrix[:, 0] -= ends
    matrix[-1] -= ends[::-1]
    matrix[-1, 0] += max(2 * h - 1, 0) ** m * over_factorial[m]
    return float(np.linalg.matrix_power(matrix, n)[k - 1, k - 1] * np.prod(np.arange(1, n + 1) / n))
