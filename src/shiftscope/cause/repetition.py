"""Whether a series over shifts repeats with a period."""

import numpy as np

from shiftscope.statistics.ratios import Floats

SHUFFLES = 999


def similarity(vectors: Floats) -> Floats:
    """Cosine of each vector with the first one: (shifts,) of (shifts, channels); nan where one of the two is 0.

    >>> similarity(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])).round(3).tolist()
    [1.0, 0.707, 0.0]
    """
    norms = np.linalg.norm(vectors, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(vectors @ vectors[0] / (norms * norms[0]))


def spectrum(series: Floats) -> Floats:
    """Share of the variance at each frequency 1, 2, … ÷ length, up to ½: (…, length // 2) of series (…, length) of which a
    straight line is subtracted, since what only drifts does not repeat. 0 where nothing is left.

    >>> spectrum(np.tile([0.0, 1.0], 4)).round(3).tolist()  # nearly all of it repeats every 2 of 8; the line takes the rest
    [0.033, 0.01, 0.006, 0.952]
    """
    length = series.shape[-1]
    time = np.arange(length) - (length - 1) / 2
    centred = series - series.mean(-1, keepdims=True)
    centred = centred - (centred @ time / (time @ time))[..., None] * time
    power = np.abs(np.fft.rfft(centred)[..., 1:]) ** 2
    power[..., :-1] *= 2  # each but the last stands for itself and its negative
    if length % 2:
        power[..., -1] *= 2
    total = power.sum(-1, keepdims=True)
    return np.asarray(np.divide(power, total, out=np.zeros_like(power), where=total > 0))


def periodic_share(series: Floats, period: int) -> Floats:
    """Share of the variance of series (…, length) that repeats with `period`: at the frequency 1 ÷ period and its multiples.
    The length is a multiple of the period, and at least twice as long.

    A series that repeats exactly has nearly 1 (the line that is subtracted takes a little); one without any order has on
    average about period ÷ length.
    """
    cycles = series.shape[-1] // period
    return np.asarray(spectrum(series)[..., cycles - 1 :: cycles].sum(-1))


def p_value(series: Floats, period: int, rng: np.random.Generator) -> float:
    """How often shuffled shifts repeat as much: of the mean `periodic_share` of pictures (pictures, length), each one's shifts
    shuffled anew; (1 + those that reach it) ÷ (1 + 999)."""
    observed = periodic_share(series, period).mean()
    reached = sum(
        periodic_share(rng.permuted(series, axis=1), period).mean() >= observed * (1 - 1e-12) for _ in range(SHUFFLES)
    )
    return (1 + reached) / (1 + SHUFFLES)
