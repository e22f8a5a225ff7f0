"""Correlations and slopes of logarithms, where data define them. No torch."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cnn_sensitivity.base.errors import UserError

FEWEST_POINTS = 3
"""Fewer points define no correlation: any two lie on a line."""


def log_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return rho(x, y) = Cov(log x, log y) / sqrt(Var log x Var log y).

    It is nan for fewer than 3 points, or where x or y does not vary. Raises UserError for unequal
    lengths and values that are not positive and finite. Source: T22, Figure 1.
    """
    x, y = _pair(x, y)
    if len(x) and not (_positive(x) and _positive(y)):
        raise UserError("a correlation of logarithms needs values that are positive and finite")
    return _pearson(np.log(x), np.log(y))


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's correlation, tied values sharing their mean rank.

    It is nan for fewer than 3 points, or where x or y does not vary. Raises UserError for unequal
    lengths and values that are nan.
    """
    x, y = _pair(x, y)
    if np.isnan(x).any() or np.isnan(y).any():
        raise UserError("a rank correlation needs values that are numbers")
    return round(_pearson(stats.rankdata(x), stats.rankdata(y)), 12)  # -.8 is -.8


def log_slope(x: ArrayLike, y: ArrayLike) -> float:
    """Return the least-squares slope of log y against log x; nan where x does not vary."""
    x, y = _pair(x, y)
    if not _varies(np.log(x)):
        return float("nan")
    return float(stats.linregress(np.log(x), np.log(y)).slope)


def correlations(x: NDArray, y: NDArray) -> NDArray:
    """Return Pearson's correlation along the last axis, of the pairs that are numbers.

    It is nan where x or y does not vary over these.
    """
    both = ~(np.isnan(x) | np.isnan(y))
    count = np.maximum(both.sum(-1, keepdims=True), 1)
    dx, dy = (
        np.where(both, values - np.where(both, values, 0).sum(-1, keepdims=True) / count, 0)
        for values in (x, y)
    )
    variances = (dx**2).sum(-1) * (dy**2).sum(-1)
    varies = variances > 1e-24
    return np.where(varies, (dx * dy).sum(-1) / np.sqrt(np.where(varies, variances, 1)), np.nan)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[NDArray, NDArray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise UserError(f"a correlation needs x and y of one length, not {x.shape} and {y.shape}")
    return x, y


def _positive(values: NDArray) -> bool:
    return bool(values.min() > 0 and values.max() < np.inf)


def _varies(values: NDArray) -> bool:
    """Return whether values differ by more than the rounding error of their mean."""
    return len(values) > 1 and bool(np.ptp(values) > 1e-13 * np.abs(values).max())


def _pearson(x: NDArray, y: NDArray) -> float:
    if len(x) < FEWEST_POINTS or not (_varies(x) and _varies(y)):
        return float("nan")
    return float(stats.pearsonr(x, y).statistic)
