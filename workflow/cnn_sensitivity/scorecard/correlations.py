"""Correlations across networks of the test error with D_f, G_f, R_f, as numbers of claims."""

from collections.abc import Callable
from math import isfinite, isnan

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import FEWEST_NETWORKS, pearson
from cnn_sensitivity.analysis.statistics import FEWEST_POINTS, log_correlation
from cnn_sensitivity.analysis.units import architectures, without_each_family
from cnn_sensitivity.scorecard.verdict import Criterion, Measured


def correlation(rows: DataFrame, quantity: str, meets: Criterion, label: str = "") -> Measured:
    """Return rho(eps, X), a point an architecture, with Fisher's z; nan, and why, without it."""
    points = architectures(rows, ["test_error", quantity])

    def rho(chosen: DataFrame) -> float:
        return log_correlation(chosen["test_error"], chosen[quantity])

    value = rho(points)
    if isnan(value):
        few = len(points) < FEWEST_POINTS
        why = f"fewer than {FEWEST_POINTS} networks" if few else "no variation"
        return Measured(detail=f"not defined ({why})", label=label)
    limits = pearson(np.log(points["test_error"]), np.log(points[quantity]))
    return Measured(value, limits, meets, of_networks(points, rho), label)


def of_networks(points: DataFrame, function: Callable[[DataFrame], float]) -> str:
    """Return how many networks a number has, and its range over leaving out one family."""
    few = f", fewer than {FEWEST_NETWORKS}" if len(points) < FEWEST_NETWORKS else ""
    values = list(filter(isfinite, without_each_family(points, function).values()))
    shown = f", without one family {min(values):.2f} to {max(values):.2f}" if values else ""
    return f"{len(points)} networks{few}{shown}"
