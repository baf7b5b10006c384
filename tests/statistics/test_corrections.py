"""Corrections of p-values, by hand and by what must hold for any p-values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiftscope.statistics.corrections import benjamini_hochberg, holm

UNIT = st.floats(0, 1, allow_subnormal=False)


def test_corrections_by_hand():
    p = [0.01, None, 0.04, 0.03, float("nan"), 0.005]
    nan = np.nan
    # Holm: .005·4, .01·3, .03·2, then .04·1 raised to .06. Benjamini–Hochberg: .005·4/1, .01·4/2, .03·4/3 → .04·4/4.
    np.testing.assert_allclose(holm(p), [0.03, nan, 0.06, 0.06, nan, 0.02])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, nan, 0.04, 0.04, nan, 0.02])
    np.testing.assert_array_equal(holm([0.9, 0.8]), [1, 1])


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@given(p=st.lists(UNIT, min_size=1, max_size=12), unknown=st.integers(0, 3))
def test_corrections_keep_the_order_and_never_make_smaller(correct, p, unknown):
    found = correct(p + [np.nan] * unknown)
    assert np.isnan(found[len(p) :]).all()
    found = found[: len(p)]
    np.testing.assert_array_equal(found, correct(p))
    assert (found >= np.array(p) - 1e-12).all()
    assert (found <= 1).all()
    assert (np.diff(found[np.argsort(p)]) >= -1e-12).all()


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[], [None], [np.nan, np.nan]])
def test_corrections_of_nothing(correct, p):
    assert np.isnan(correct(p)).all()
    assert len(correct(p)) == len(p)
