"""Simulated networks whose true rates are known."""

import numpy as np
import pytest
from scipy.stats import norm

from shiftscope.statistics import bootstrap, intervals, proportions
from shiftscope.statistics.products import products
from shiftscope.statistics.ratios import Ratios


def shares(numerator, denominator, trials=None):
    """Ratios of events: as many trials as the denominators sum to, unless said otherwise."""
    trials = denominator.sum(0) if trials is None else np.broadcast_to(np.asarray(trials, float), numerator.shape[1:])
    return Ratios(numerator.astype(float), denominator.astype(float), trials, np.ones(numerator.shape[1]))


def means(numerator, denominator):
    """Ratios that are no shares."""
    return Ratios(numerator, denominator, np.full(numerator.shape[1], np.nan), np.ones(numerator.shape[1]))


def share_ends(ratios, level):
    """Intervals of shares, given their pictures."""
    return proportions.share_intervals(ratios.totals(), level)


def mean_ends(ratios, level, **draws):
    """Intervals of means, given their pictures."""
    totals = ratios.totals()
    return bootstrap.mean_intervals(bootstrap.resampled_means(ratios, **draws), totals.counted, totals.nonnegative, level)


def difference_ends(a, b, found_a, found_b):
    """Intervals of differences, given the pictures of both networks."""
    return intervals.difference_intervals(a.totals(), b.totals(), found_a, found_b, products(a, b))


def latent(rng, n, pairs, sets, alike, together=0.3):
    """Two networks' standard normal scores, each (n, pairs, sets): `alike` is the correlation of pairs within a picture,
    `together` the share of the rest that both networks have in common."""
    picture, common = rng.normal(size=(n, 1, sets)), rng.normal(size=(n, pairs, sets))
    for _ in range(2):
        own = np.sqrt(together) * common + np.sqrt(1 - together) * rng.normal(size=(n, pairs, sets))
        yield np.sqrt(alike) * picture + np.sqrt(1 - alike) * own


def two_networks(rng, n, pairs, sets, rates, alike, accuracies=(1, 1), together=0.3):
    """Two networks that change their answers at `rates` and are right on a share `accuracies` of the pictures, of which
    alone events are counted: (numerator, denominator) of each, (n, sets)."""
    for score, rate, accuracy in zip(latent(rng, n, pairs, sets, alike, together), rates, accuracies, strict=True):
        right = rng.random((n, sets)) < accuracy
        yield (score < norm.ppf(rate)).sum(1) * right, pairs * right.astype(float)


@pytest.fixture
def rng():
    return np.random.default_rng(11)
