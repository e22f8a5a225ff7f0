"""The power law of the test error in R_f: error = a R^b, a point an architecture."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import Limits, bootstrap
from cnn_sensitivity.analysis.units import architectures


def slopes(x: NDArray, y: NDArray) -> NDArray:
    """Return b of y = ln a + b x along the last axis, by least squares; nan where x is constant."""
    dx = x - x.mean(-1, keepdims=True)
    variance = (dx**2).sum(-1)
    varies = variance > 1e-20
    return np.where(varies, (dx * y).sum(-1) / np.where(varies, variance, 1), np.nan)


def prefactors(x: NDArray, y: NDArray) -> NDArray:
    """Return a of y = ln a + b x along the last axis: the error at R = 1."""
    return np.exp(y.mean(-1) - slopes(x, y) * x.mean(-1))


def over_networks(
    function: Callable[[NDArray, NDArray], NDArray], rows: DataFrame
) -> tuple[float, Limits]:
    """Return `function` of ln R and ln error of each architecture, and its interval over these."""
    points = architectures(rows, ["R", "test_error"])
    x, y = np.log(points["R"].to_numpy()), np.log(points["test_error"].to_numpy())
    return float(function(x, y)), bootstrap(lambda drawn: function(x[drawn], y[drawn]), len(x))


def with_interval(function: Callable[[NDArray, NDArray], NDArray], rows: DataFrame) -> str:
    """Return a number of rows with network, seed, ... and its interval over networks, as text."""
    value, limits = over_networks(function, rows)
    low, high = limits(0.95)
    return f"{value:.2f} [{low:.2g}, {high:.2g}]" if low <= high else f"{value:.2f}"
