"""The power law of the test error in R_f: error = a R^b, with intervals over networks and seeds."""

from collections.abc import Callable
from math import isfinite

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval, log_slope


def slope(sample: Sample) -> float:
    """Return b of the fitted test error = a R^b."""
    return log_slope(sample["R"], sample["test_error"])


def prefactor(sample: Sample) -> float:
    """Return a of the fitted test error = a R^b: the error at R = 1."""
    exponent = slope(sample)
    return float(
        np.exp(np.mean(np.log(sample["test_error"])) - exponent * np.mean(np.log(sample["R"])))
    )


def with_interval(function: Callable[[Sample], float], columns: DataFrame) -> str:
    """Return a number of network, seed, ... with its interval over networks and seeds, as text."""
    value = function({str(name): columns[name].to_numpy() for name in columns.columns})
    low, high = bootstrap_interval(function, columns)
    return f"{value:.2f} [{low:.2g}, {high:.2g}]" if isfinite(low) else f"{value:.2f}"
