"""Correlations of the test error with D_f, G_f, R_f, and power laws between them, as numbers of
claims."""

from collections.abc import Callable
from math import isfinite, isnan

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.statistics import (
    FEWEST_POINTS,
    Sample,
    bootstrap_interval,
    log_correlation,
    log_slope,
)
from cnn_sensitivity.scorecard.verdict import NEGATIVE, POSITIVE, Measured


def correlation(rows: DataFrame, quantity: str) -> Measured:
    """Return rho(eps, X) with its interval; nan, and why, where it is not defined."""
    columns = rows[["network", "seed", "test_error", quantity]]
    value = log_correlation(columns["test_error"], columns[quantity])
    if isnan(value):
        few = len(columns) < FEWEST_POINTS
        why = f"fewer than {FEWEST_POINTS} points" if few else "no variation"
        return Measured(detail=f"not defined ({why})")
    low, high = bootstrap_interval(
        lambda sample: log_correlation(sample["test_error"], sample[quantity]), columns
    )
    return Measured(value, low, high)


def with_sign(
    value: float, low: float, high: float, sign: int, detail: str, label: str
) -> Measured:
    """Return a number that meets the claim on the paper's side of 0."""
    meets = POSITIVE if sign > 0 else NEGATIVE
    return Measured(value, low, high, None if isnan(value) else meets, detail, label)


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
