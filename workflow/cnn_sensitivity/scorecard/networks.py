"""Numbers of claims that are made for each network: geometric means over its seeds."""

from collections.abc import Callable

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.statistics import (
    Interval,
    Sample,
    bootstrap_interval,
    sampling_interval,
)
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.verdict import Measured, Range


def geometric_means(rows: DataFrame, quantity: str, meets: Range) -> list[Measured]:
    """Return the geometric mean over seeds of a quantity for each network, with its interval."""

    def mean(sample: Sample) -> float:
        return float(np.exp(np.mean(np.log(sample[quantity]))))

    parts = []
    for name, network in rows.groupby("network"):
        low, high = evidence.interval_of_network(mean, network, quantity)
        parts.append(Measured(mean(network), low, high, meets, label=str(name)))  # type: ignore[arg-type]
    return parts


def ratio(above: DataFrame, below: DataFrame, quantity: str, meets: Range, label: str) -> Measured:
    """Return the geometric mean over seeds of one network's quantity in `above` over `below`.

    Rows are paired by their seed, training size and the rest of the run. The interval is over
    seeds, or, of one seed, over the images of both measurements.
    """
    error = f"{quantity}_error"
    keys = ["experiment", "network", "train_size", "seed"]
    columns = [*keys, quantity, *([error] if error in above and error in below else [])]
    both = above[columns].merge(below[columns], on=keys, suffixes=("", "_below"))
    if both.empty:
        return Measured(label=label, detail="no run has both")

    def mean(sample: Sample) -> float:
        return float(np.exp(np.mean(np.log(sample[quantity] / sample[f"{quantity}_below"]))))

    low, high = _interval(mean, both, quantity)
    return Measured(mean(both), low, high, meets, label=label)  # type: ignore[arg-type]


def _interval(mean: Callable[[Sample], float], both: DataFrame, name: str) -> Interval:
    if both["seed"].nunique() > 1:
        return bootstrap_interval(mean, both, groups=["seed"])
    errors = {name: f"{name}_error", f"{name}_below": f"{name}_error_below"}
    return sampling_interval(mean, both, errors)
