"""Numbers of claims that are made for each network: their unit is the training."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import (
    FEWEST_TRAININGS,
    UNDEFINED,
    Interval,
    clipped,
    of_logs,
    student,
)
from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.analysis.sampling import Sample, sampling_interval
from cnn_sensitivity.scorecard.verdict import Criterion, Measured

OverImages = Callable[[], Interval]
"""The interval of a number over test images; asked where trainings are too few to have one."""


def _unknown() -> Interval:
    return UNDEFINED


_COUNTS = {1: "one training", 2: "two trainings"}


def positive(
    values: ArrayLike,
    meets: Criterion,
    label: str = "",
    detail: str = "",
    over_images: OverImages = _unknown,
) -> Measured:
    """Return the geometric mean of positive numbers, one a training.

    The interval is Student's t, of the logarithms. Of one or two trainings there is none; that over
    images, where it is known, is told.
    """
    logs = np.log(np.asarray(values, dtype=float))
    told = few(len(logs), detail, over_images)
    limits = None if len(logs) < FEWEST_TRAININGS else of_logs(student(logs))
    return Measured(float(np.exp(logs.mean())), limits, meets, told, label)


def signed(
    values: ArrayLike,
    meets: Criterion,
    label: str = "",
    detail: str = "",
    over_images: OverImages = _unknown,
    within: Interval = (-np.inf, np.inf),
) -> Measured:
    """Return the mean of numbers, one a training, with Student's t; as `positive` does.

    `within`: the values that there are, -1 to 1 of a rank correlation.
    """
    numbers = np.asarray(values, dtype=float)
    told = few(len(numbers), detail, over_images)
    limits = None if len(numbers) < FEWEST_TRAININGS else clipped(student(numbers), *within)
    return Measured(float(numbers.mean()), limits, meets, told, label)


def fresh(values: ArrayLike, meets: Criterion, label: str) -> Measured:
    """Return the geometric mean of fresh networks' numbers, with Student's t over these draws.

    Says how many there are, and which share of them does not meet the criterion by itself.
    """
    numbers = np.asarray(values, dtype=float)
    outside = sum(not meets.met_by(value, value) for value in numbers) / len(numbers)
    detail = f"{plural(len(numbers), 'fresh network')}, {outside:.0%} outside"
    return replace(positive(numbers, meets, label), detail=detail)


def each(rows: DataFrame, function: Callable[[Sample], float]) -> list[float]:
    """Return a number of the columns of each training, by seed."""
    return [function(columns(training)) for _, training in rows.groupby("seed")]


def columns(rows: DataFrame) -> Sample:
    """Return a table's columns by name."""
    return {str(name): rows[name].to_numpy() for name in rows.columns}


def geometric_means(rows: DataFrame, quantity: str, meets: Criterion) -> list[Measured]:
    """Return the geometric mean over trainings of a quantity for each network."""

    def mean(sample: Sample) -> float:
        return float(np.exp(np.mean(np.log(sample[quantity]))))

    return [
        positive(
            each(network, mean),
            meets,
            str(name),
            over_images=partial(sampling_interval, mean, network, {quantity: f"{quantity}_error"}),
        )
        for name, network in rows.groupby("network")
    ]


def ratio(
    above: DataFrame, below: DataFrame, quantity: str, meets: Criterion, label: str
) -> Measured:
    """Return the geometric mean over trainings of one network's quantity in `above` over `below`.

    Rows are paired by their seed, training size and the rest of the run; draws of one training are
    averaged first. The interval over images takes both measurements for independent: they share
    images, and it is too wide.
    """
    error = f"{quantity}_error"
    keys = ["experiment", "network", "train_size", "seed"]
    means = [_means(rows, keys, [quantity, error]) for rows in (above, below)]
    both = means[0].merge(means[1], on=keys, suffixes=("", "_below"))
    if both.empty:
        return Measured(label=label, detail="no run has both")

    def mean(sample: Sample) -> float:
        return float(np.exp(np.mean(np.log(sample[quantity] / sample[f"{quantity}_below"]))))

    errors = {quantity: error, f"{quantity}_below": f"{error}_below"}
    over_images = partial(sampling_interval, mean, both, errors)
    values = both[quantity] / both[f"{quantity}_below"]
    return positive(values, meets, label, over_images=over_images)


def _means(rows: DataFrame, keys: Sequence[str], names: Sequence[str]) -> DataFrame:
    """Return geometric means over the draws of each training, and those of their errors."""
    logs = rows[list(keys)].assign(**{name: np.log(rows[name]) for name in names if name in rows})
    return DataFrame(np.exp(logs.groupby(list(keys)).mean())).reset_index()


def few(count: int, detail: str = "", over_images: OverImages = _unknown) -> str:
    """Return, before `detail`, that there are one or two trainings alone, with their error."""
    if count not in _COUNTS:
        return detail
    low, high = over_images()
    told = f", over images [{low:.2g}, {high:.2g}]" if low < high else ""
    return ", ".join(filter(None, [f"{_COUNTS[count]}{told}", detail]))
