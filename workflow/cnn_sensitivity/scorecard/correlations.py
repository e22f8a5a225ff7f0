"""Correlations of the test error with D_f, G_f, R_f, as numbers of claims."""

from math import isnan

from pandas import DataFrame

from cnn_sensitivity.analysis.statistics import (
    FEWEST_POINTS,
    bootstrap_interval,
    log_correlation,
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
