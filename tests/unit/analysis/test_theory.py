"""The theory's numbers against brute force."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity.analysis.theory import (
    effective_receptive_field,
    fit_power_law,
    predicted_exponents,
    receptive_field,
)
from cnn_sensitivity.base.errors import UserError

CASES = [(1, 1, 3), (2, 1, 6), (3, 1, 6), (5, 1, 4), (2, 2, 6), (3, 2, 5), (5, 2, 4), (3, 3, 3)]


def composite_filter(layers):
    """Return the weights with which the input pixels reach one unit after `layers`."""
    weights, spacing = np.ones(1), 1
    for filter_size, stride in layers:
        dilated = np.zeros((filter_size - 1) * spacing + 1)
        dilated[::spacing] = 1 / filter_size
        weights = np.convolve(weights, dilated)
        spacing *= stride
    return weights


def impulse_reach(layers):
    """Return how many input pixels change unit 0 of the last layer: one pixel at a time."""
    length = 400
    reached = 0
    for pixel in range(length):
        signal = np.zeros(length)
        signal[pixel] = 1
        for filter_size, stride in layers:
            signal = np.convolve(signal, np.ones(filter_size), mode="valid")[::stride]
        reached += signal[0] > 0
    return reached


@pytest.mark.parametrize("filter_size, stride, depth", CASES)
def test_receptive_field(filter_size, stride, depth):
    layers = [(filter_size, stride)] * depth
    fields = receptive_field(layers)
    for k in range(1, depth + 1):
        closed_form = filter_size + (filter_size - 1) * sum(stride**i for i in range(1, k))
        assert fields[k - 1] == closed_form == len(composite_filter(layers[:k]))
    assert fields[-1] == impulse_reach(layers)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=5))
def test_receptive_field_of_unequal_layers(layers):
    dense = [(max(f, s), s) for f, s in layers]  # no pixel between the filters is left out
    assert receptive_field(dense)[-1] == impulse_reach(dense)


@pytest.mark.parametrize("filter_size, stride, depth", CASES)
def test_effective_receptive_field(filter_size, stride, depth):
    fields = effective_receptive_field(filter_size, stride, depth)
    assert len(fields) == depth
    for k in range(1, depth + 1):
        weights = composite_filter([(filter_size, stride)] * k)
        sites = np.arange(len(weights))
        variance = weights @ sites**2 - (weights @ sites) ** 2
        assert fields[k - 1] == pytest.approx(np.sqrt(variance), rel=1e-9, abs=1e-6)


def test_effective_receptive_field_in_closed_form():
    depth = np.arange(1, 13)
    np.testing.assert_allclose(effective_receptive_field(3, 1, 12), np.sqrt(2 * depth / 3))
    np.testing.assert_allclose(effective_receptive_field(2, 2, 12), np.sqrt((4.0**depth - 1) / 12))


def test_exponents_against_depth():
    without = fit_power_law(np.arange(1, 65), effective_receptive_field(3, 1, 64))
    assert without.exponent == pytest.approx(0.5)
    deep = effective_receptive_field(2, 2, 12)[6:]
    np.testing.assert_allclose(deep[1:] / deep[:-1], 2, rtol=1e-4)


@pytest.mark.parametrize("stride, expected", [(1, (2, 1)), (2, (1, 1)), (3, (1, 1))])
def test_predicted_exponents(stride, expected):
    assert predicted_exponents(stride) == expected


@given(
    exponent=st.floats(-4, 4),
    intercept=st.floats(-3, 3),
    x=st.lists(st.integers(1, 10_000), min_size=2, max_size=20, unique=True),
)
def test_an_exact_power_law_is_found(exponent, intercept, x):
    x = np.array(x, dtype=float)
    fit = fit_power_law(x, np.exp(intercept) * x**exponent)
    assert fit.points == len(x)
    # Rounding errors grow as the inverse of the range of log x, which can be 1e-4.
    assert fit.exponent == pytest.approx(exponent, abs=1e-6)
    assert fit.intercept == pytest.approx(intercept, abs=1e-5)
    assert fit.prefactor == pytest.approx(np.exp(intercept), rel=1e-5)
    if abs(exponent) > 0.1:
        assert fit.r == pytest.approx(np.sign(exponent), abs=1e-6)


def test_fit_of_noisy_points():
    random = np.random.default_rng(0)
    x = np.linspace(1, 9, 30)
    y = x**-1.5 * np.exp(0.1 * random.standard_normal(30))
    fit = fit_power_law(x, y)
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    assert fit.exponent == pytest.approx(slope)
    assert fit.intercept == pytest.approx(intercept)
    assert fit.r == pytest.approx(np.corrcoef(np.log(x), np.log(y))[0, 1])


def test_fit_of_constant_values_has_no_correlation():
    fit = fit_power_law([1, 2, 4], [3, 3, 3])
    assert fit.exponent == 0
    assert np.isnan(fit.r)


@pytest.mark.parametrize(
    "x, y, message",
    [
        ([1], [2], "at least 2 points"),
        ([], [], "at least 2 points"),
        ([1, 2], [1, 2, 3], "of one length"),
        ([1, 2], [1, 0], "positive and finite"),
        ([1, -2], [1, 3], "positive and finite"),
        ([1, 2], [1, float("nan")], "positive and finite"),
        ([1, float("inf")], [1, 2], "positive and finite"),
        ([2, 2], [1, 3], "x that varies"),
    ],
)
def test_fit_errors(x, y, message):
    with pytest.raises(UserError, match=message):
        fit_power_law(x, y)


@pytest.mark.parametrize(
    "call",
    [
        lambda: receptive_field([(0, 1)]),
        lambda: receptive_field([(3, 0)]),
        lambda: effective_receptive_field(3, 0, 4),
        lambda: effective_receptive_field(3, 1, 0),
        lambda: predicted_exponents(0),
    ],
)
def test_numbers_under_one_are_errors(call):
    with pytest.raises(UserError, match="at least 1"):
        call()


def test_no_torch():
    code = "import sys, cnn_sensitivity.analysis.theory; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
