"""The error of a measurement over test images: shown where it decides nothing."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import UNDEFINED, Interval

Sample = Mapping[str, NDArray]
"""Columns of a table by name."""


def sampling_interval(
    function: Callable[[Sample], float],
    frame: DataFrame,
    errors: Mapping[str, str],
    samples: int = 500,
) -> Interval:
    """Return the central 95 % of `function` where columns of `frame` scatter by their errors.

    `errors` maps a column of positive numbers to that of its standard errors, over test images.
    Numbers are drawn independently and log-normally, with the relative error as the width: layers
    of one network share images, so that their order scatters less than it does here. (nan, nan)
    where an error is missing. The same arguments give the same interval.
    """
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    if frame.empty or any(error not in columns for error in errors.values()):
        return UNDEFINED
    widths = {name: columns[error] / columns[name] for name, error in errors.items()}
    if not all(np.isfinite(width).all() for width in widths.values()):
        return UNDEFINED
    generator = np.random.default_rng(0)
    values = np.empty(samples)
    for index in range(samples):
        drawn = {
            name: columns[name] * np.exp(width * generator.standard_normal(len(width)))
            for name, width in widths.items()
        }
        values[index] = function({**columns, **drawn})
    if np.isnan(values).any():
        return UNDEFINED
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
