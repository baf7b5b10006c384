"""Networks compared at the same confidence: a network that is surer of its answers is then not steadier for that alone."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shiftscope.statistics.ratios import Floats

BINS = 10
"""Of equal width over (0, 1]."""


def bin_of(confidence: ArrayLike) -> NDArray[np.int64]:
    """In which bin of confidence each pair begins, from 0. `confidence` is the probability of the top class on its first
    frame.

    >>> bin_of([0.05, 0.1, 0.11, 1.0])
    array([0, 0, 1, 9])
    """
    return np.asarray(np.clip(np.ceil(np.asarray(confidence) * BINS) - 1, 0, BINS - 1), dtype=np.int64)


def common_confidence(networks: Iterable[ArrayLike]) -> Floats:
    """How confident the networks are on average: shares of pairs in ten bins of confidence, (10,), that sum to 1.

    `networks` are the numbers of pairs that begin in each bin, (10,) for each network. Only bins count in which every
    network has pairs; all shares are 0 where there is no such bin.

    >>> common_confidence([[1, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]])[[0, 9]].tolist()
    [0.0, 1.0]
    """
    shares = np.array([_shares(pairs) for pairs in networks])
    common = np.where((shares > 0).all(0), shares.mean(0), 0)
    return np.asarray(common / max(common.sum(), np.finfo(float).tiny))


def matching_weights(pairs: ArrayLike, target: Floats) -> Floats:
    """The weight of the pairs in each bin, (10,), that gives a network's confidences the distribution `target`, (10,):
    direct standardisation. Intervals take the weights as given.

    `pairs` are the numbers of pairs that begin in each bin, (10,).

    >>> target = np.array([0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
    >>> matching_weights([1, 0, 0, 0, 0, 0, 0, 0, 0, 3], target)[[0, 9]].round(3)  # ½ ÷ ¼ and ½ ÷ ¾
    array([2.   , 0.667])
    """
    own = _shares(pairs)
    return np.divide(target, own, out=np.zeros_like(target), where=own > 0)


def _shares(pairs: ArrayLike) -> Floats:
    counts = np.asarray(pairs, dtype=np.float64)
    return np.asarray(counts / max(1, counts.sum()))
