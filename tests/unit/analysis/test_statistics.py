"""Correlations and bootstrap intervals against NumPy, SciPy and closed forms."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame

from cnn_sensitivity.analysis.statistics import (
    bootstrap_interval,
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


def _mean(sample):
    return float(np.mean(sample["x"]))


def test_interval_of_a_mean_is_that_of_theory():
    x = np.random.default_rng(0).standard_normal(400)
    frame = DataFrame({"network": np.arange(400), "seed": 0, "x": x})
    low, high = bootstrap_interval(_mean, frame, samples=1000)
    half = 1.96 * x.std() / np.sqrt(400)
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.012)


def test_interval_with_few_networks_is_that_of_networks_and_not_of_rows():
    """Many seeds that agree within a network add no certainty about networks."""
    frame = DataFrame([(n, s, float(n)) for n in range(4) for s in range(100)])
    frame.columns = ["network", "seed", "x"]
    low, high = bootstrap_interval(_mean, frame)
    # Exact: means of 4 draws with replacement from 0..3.
    draws = np.stack(np.meshgrid(*[np.arange(4)] * 4)).reshape(4, -1).mean(axis=0)
    assert (low, high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.25)
    assert high - low > 1.5


def test_one_network_varies_by_its_seeds_and_rows_of_a_seed_stay_together():
    frame = DataFrame({"network": "a", "seed": [0, 0, 1, 1], "x": [0.0, 2.0, 4.0, 6.0]})
    seen = set()

    def record(sample):
        seen.add(tuple(sample["x"]))
        return _mean(sample)

    assert bootstrap_interval(record, frame) == (1.0, 5.0)
    assert seen == {(a, a + 2, b, b + 2) for a in (0.0, 4.0) for b in (0.0, 4.0)}


def test_interval_is_the_same_each_time_and_its_seed_matters():
    frame = DataFrame({"network": list("abcdefgh"), "seed": 0, "x": np.arange(8.0) ** 2})
    first = bootstrap_interval(_mean, frame, samples=200)
    assert bootstrap_interval(_mean, frame, samples=200) == first
    assert bootstrap_interval(_mean, frame, samples=200, seed=1) != first


def test_intervals_that_are_not_defined():
    one = DataFrame({"network": ["a"], "seed": [0], "x": [1.0]})
    assert np.isnan(bootstrap_interval(_mean, one)).all()
    assert np.isnan(bootstrap_interval(_mean, one.iloc[:0])).all()
    two = DataFrame({"network": ["a", "b"], "seed": [0, 0], "x": [1.0, 2.0]})
    assert np.isnan(bootstrap_interval(lambda _: float("nan"), two, samples=10)).all()
