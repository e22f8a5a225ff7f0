"""Correlations and slopes against NumPy, SciPy and closed forms."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity.analysis.statistics import (
    correlations,
    log_correlation,
    log_slope,
    spearman,
)
from cnn_sensitivity.base.errors import UserError

positive = st.floats(1e-3, 1e3)
pairs = st.lists(st.tuples(positive, positive), min_size=3, max_size=12)


@given(pairs)
def test_log_correlation_agrees_with_scipy(points):
    x, y = np.array(points).T
    value = log_correlation(x, y)
    if np.log(x).std() > 1e-6 and np.log(y).std() > 1e-6:
        assert value == pytest.approx(scipy.stats.pearsonr(np.log(x), np.log(y))[0], abs=1e-6)
    assert np.isnan(value) or -1 <= value <= 1


@given(pairs, positive, st.floats(0.2, 3))
def test_log_correlation_ignores_factors_and_powers(points, factor, power):
    x, y = np.array(points).T
    if min(np.log(x).std(), np.log(y).std()) > 1e-3:
        expected = log_correlation(x, y)
        assert log_correlation(factor * x**power, y) == pytest.approx(expected, abs=1e-6)
        assert log_correlation(1 / x, y) == pytest.approx(-expected, abs=1e-6)
        assert log_correlation(y, x) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
def test_spearman_agrees_with_scipy_with_ties(points):
    x, y = np.array(points).T
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-9)
    else:
        assert np.isnan(spearman(x, y))


def test_known_values():
    x = np.array([1.0, 2, 4, 8])
    assert log_correlation(x, 3 * x**-2) == pytest.approx(-1)
    assert log_slope(x, 3 * x**-2) == pytest.approx(-2)
    assert spearman([1, 2, 3, 4], [1, 8, 9, 100]) == pytest.approx(1)


@pytest.mark.parametrize("points", [[], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_or_equal_points_define_no_correlation(points):
    other = list(range(1, len(points) + 1))
    assert np.isnan(log_correlation(points, other))
    assert np.isnan(spearman(points, other))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_values_without_logarithm_are_refused(bad):
    with pytest.raises(UserError, match="positive and finite"):
        log_correlation([1, 2, bad], [1, 2, 3])


def test_unequal_lengths_and_nan_ranks_are_refused():
    with pytest.raises(UserError, match="one length"):
        spearman([1, 2, 3], [1, 2])
    with pytest.raises(UserError, match="numbers"):
        spearman([1, 2, np.nan], [1, 2, 3])


@given(st.integers(3, 9), st.integers(0, 10_000))
def test_correlations_along_an_axis_are_those_of_each_row(count, seed):
    x, y = np.random.default_rng(seed).standard_normal((2, 4, count))
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)]
    assert correlations(x, y) == pytest.approx(expected)
    more = [np.concatenate([values, np.full((4, 2), np.nan)], axis=1) for values in (x, y)]
    assert correlations(*more) == pytest.approx(expected)


def test_correlations_of_what_does_not_vary_are_not_defined():
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, np.nan]])
    assert np.isnan(correlations(x, np.array([[1.0, 2.0, 3.0], [np.nan, 2.0, 3.0]]))).all()
