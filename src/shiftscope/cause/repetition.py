"""Whether a series over shifts repeats with a period."""

from collections.abc import Callable

import numpy as np

from shiftscope.statistics.ratios import Floats, ratio

SHUFFLES = 999
TOGETHER = 8
"""How many of them are made at once: more would not fit into the processor's cache."""


def similarity(vectors: Floats) -> Floats:
    """Cosine of each vector with the first one: (shifts,) of (shifts, channels); nan where one of the two is 0.

    >>> similarity(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])).round(3).tolist()
    [1.0, 0.707, 0.0]
    """
    norms = np.linalg.norm(vectors, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(vectors @ vectors[0] / (norms * norms[0]))


def straightened(series: Floats) -> Floats:
    """Series (…, length) less their straight lines by least squares: what only drifts does not repeat."""
    length = series.shape[-1]
    time = np.arange(length) - (length - 1) / 2
    centred = series - series.mean(-1, keepdims=True)
    return np.asarray(centred - (centred @ time / max(time @ time, 1))[..., None] * time)


def spectrum(series: Floats) -> Floats:
    """Share of the variance at each frequency 1, 2, … ÷ length, up to ½: (…, length // 2) of series (…, length), less their
    straight lines. 0 where nothing is left.

    >>> spectrum(np.tile([0.0, 1.0], 4)).round(3).tolist()  # nearly all of it repeats every 2 of 8; the line takes the rest
    [0.033, 0.01, 0.006, 0.952]
    """
    length = series.shape[-1]
    power = np.abs(np.fft.rfft(straightened(series))[..., 1:]) ** 2
    power[..., :-1] *= 2  # each but the last stands for itself and its negative
    if length % 2:
        power[..., -1] *= 2
    total = power.sum(-1, keepdims=True)
    return np.asarray(np.divide(power, total, out=np.zeros_like(power), where=total > 0))


def periodic_share(series: Floats, period: int) -> Floats:
    """Share of the variance of series (…, length), less their straight lines, that repeats with `period`: of the mean over
    periods, which is what `spectrum` has at the frequency 1 ÷ period and its multiples. The length is a multiple of the
    period, and at least twice as long.

    A series that repeats exactly has nearly 1 (the line that is subtracted takes a little); one without any order has on
    average about period ÷ length, and a smooth one, however bent, has less.
    """
    left = straightened(series)
    cycles = series.shape[-1] // period
    repeated = cycles * (left.reshape(*left.shape[:-1], cycles, period).mean(-2) ** 2).sum(-1)
    return np.nan_to_num(ratio(repeated, (left**2).sum(-1)))


def peak_weights(length: int, period: int) -> Floats:
    """Weights, (length,): their product with a series is how high it peaks at the multiples of `period`.

    That is how high its value at a multiple (but 0) stands above the parabola by least squares through its neighbours, up
    to half a period away on either side; the mean over all multiples that have neighbours on both sides. A series of two
    periods has one. A parabola follows a series that falls off, so that a smooth curve has no peak. Through two neighbours
    it is a line.

    >>> peak_weights(4, 2).tolist()  # at 2, less the mean of 1 and 3
    [0.0, -0.5, 1.0, -0.5]
    """
    weights = np.zeros(length)
    centres = [place for place in range(period, length, period) if place + period // 2 < length]
    for centre in centres:
        near = np.arange(centre - period // 2, centre + period // 2 + 1)
        basis = np.linalg.qr(np.vander((near - centre) / period, min(3, len(near) - 1)))[0]
        at = (near == centre).astype(np.float64)
        apart = at - basis @ (basis.T @ at)
        weights[near] += apart / (apart @ at) / len(centres)
    return np.round(weights, 15) + 0.0


def p_value(series: Floats, statistic: Callable[[Floats], Floats], rng: np.random.Generator) -> float:
    """How often shuffled shifts reach the mean of a `statistic`, (…, pictures, length) → (…, pictures), over pictures:
    each picture's shifts but the first are shuffled anew; (1 + those that reach it) ÷ (1 + 999). The first one is left
    where it is, since the similarity there is 1 by definition.
    """
    observed = statistic(series).mean()
    reached = 0
    for start in range(0, SHUFFLES, TOGETHER):
        shuffled = np.repeat(series[None], min(TOGETHER, SHUFFLES - start), axis=0)
        rng.permuted(shuffled[..., 1:], axis=-1, out=shuffled[..., 1:])
        # Rounding must not make an exact tie a smaller value.
        reached += int((statistic(shuffled).mean(-1) >= observed - 1e-12 * abs(observed)).sum())
    return (1 + reached) / (1 + SHUFFLES)
