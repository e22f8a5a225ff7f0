"""Power laws in the number of training points, with intervals over the trainings at each."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, Limits, jackknife
from cnn_sensitivity.analysis.prose import span
from cnn_sensitivity.analysis.statistics import log_slope
from cnn_sensitivity.scorecard.trainings import few
from cnn_sensitivity.scorecard.verdict import Criterion, Measured

FEWEST_SIZES = 3
Mean = Callable[[NDArray], float]


def arithmetic(values: NDArray) -> float:
    """Return the mean, of errors: as the authors average them."""
    return float(values.mean())


def geometric(values: NDArray) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.log(values).mean()))


def exponent(rows: DataFrame, mean: Mean) -> tuple[float, Limits | None, str]:
    """Return d ln mean / d ln p of values, one a training; its interval; and of which p.

    The trainings at different p are independent samples, whose means are jackknifed. Sizes at which
    fewer than two values are positive are left out. Without three sizes it is nan.
    """
    samples = {
        int(size): values
        for size in sorted(rows["train_size"].unique())
        if _usable(values := _at(rows, size))
    }
    if len(samples) < FEWEST_SIZES:
        return float("nan"), None, f"fewer than {FEWEST_SIZES} sizes can be used"
    of_means = partial(_slope, np.array([*samples]), mean)
    value, fewest = of_means(*samples.values()), min(map(len, samples.values()))
    limits = jackknife(of_means, *samples.values()) if fewest >= FEWEST_TRAININGS else None
    seeds = span(map(len, samples.values()))
    detail = f"p = {min(samples)} to {max(samples)}, {seeds} trainings each"
    return value, limits, few(fewest, detail)


def fitted(rows: DataFrame, mean: Mean, meets: Criterion, label: str, sign: int = 1) -> Measured:
    """Return the exponent, or with `sign` -1 that of a fall, as a part of a claim."""
    value, limits, detail = exponent(rows, mean)
    if np.isnan(value):
        return Measured(label=label, detail=detail)
    turned = limits if limits is None or sign == 1 else negative(limits)
    return Measured(sign * value, turned, meets, detail, label)


def negative(limits: Limits) -> Limits:
    """Return the interval of minus a number."""

    def turned(level: float) -> tuple[float, float]:
        low, high = limits(level)
        return -high, -low

    return turned


def _at(rows: DataFrame, size: float) -> NDArray:
    return rows.loc[rows["train_size"] == size, "value"].to_numpy(dtype=float)


def _usable(values: NDArray) -> bool:
    """Return whether its mean is positive without any one of the values."""
    return bool(np.isfinite(values).all()) and int((values > 0).sum()) >= min(2, len(values))


def _slope(sizes: NDArray, mean: Mean, *samples: NDArray) -> float:
    return log_slope(sizes, np.array([mean(sample) for sample in samples]))
