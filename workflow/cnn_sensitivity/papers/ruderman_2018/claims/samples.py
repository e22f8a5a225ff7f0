"""Curves of all seeds as one array, and the interval of what is computed from their means."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import (
    FEWEST_TRAININGS,
    Interval,
    clipped,
    jackknife,
    of_logs,
)
from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.scorecard import trainings
from cnn_sensitivity.scorecard.verdict import Criterion, Measured, NotTested

Values = NDArray[np.float64]


def cube(rows: DataFrame, value: str, curves: Sequence[str], column: str = "network") -> Values:
    """Return [seeds, curves, places]; nan for a seed that lacks a curve.

    Raises:
        NotTested: some curve is that of no seed.
    """
    missing = [each for each in curves if each not in set(rows[column])]
    if missing:
        raise NotTested(f"No run of {listing(missing)} can be used.")
    table = rows.pivot_table(index="seed", columns=[column, "place"], values=value, dropna=False)
    return np.stack([table[each].to_numpy() for each in curves], axis=1)


def over_seeds(values: Values) -> Values:
    """Return the mean over the first axis of what is a number, or nan."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0).sum(0) / there.sum(0)


def estimate(
    function: Callable[..., float],
    *samples: Values,
    meets: Criterion,
    label: str = "",
    detail: str = "",
    logs: bool = True,
    within: Interval = (-np.inf, np.inf),
) -> Measured:
    """Return `function` of the means over seeds of each sample, with its 95 % interval.

    The interval is the jackknife's over seeds, of the logarithm if `logs`; samples are independent.
    `within`: the values that there are, -1 to 1 of a correlation.
    """

    def of_means(*drawn: Values) -> float:
        value = function(*map(over_seeds, drawn))
        return float(np.log(value)) if logs else float(value)

    value, fewest = of_means(*samples), min(map(len, samples))
    if np.isnan(value):
        return Measured(label=label, detail="not defined")
    limits = None
    if fewest >= FEWEST_TRAININGS:
        found = jackknife(of_means, *samples)
        limits = of_logs(found) if logs else clipped(found, *within)
    shown = float(np.exp(value)) if logs else value
    return Measured(shown, limits, meets, trainings.few(fewest, detail), label)


def of_each_seed(
    function: Callable[[Values], float],
    values: Values,
    *,
    meets: Criterion,
    label: str = "",
    detail: str = "",
    within: Interval,
) -> Measured:
    """Return the mean over seeds of a number of each: a rank correlation, a share."""
    numbers = np.array([function(seed) for seed in values])
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return Measured(label=label, detail="not defined")
    return trainings.signed(numbers, meets, label, detail, within=within)
