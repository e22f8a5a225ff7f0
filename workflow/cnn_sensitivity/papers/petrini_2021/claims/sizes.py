"""Claims on how R_f depends on the number P of training images."""

from collections.abc import Callable
from math import isnan

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval, log_slope, spearman
from cnn_sensitivity.papers.petrini_2021.rows import across_sizes, measured
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range

FOLD = 16
"""Of the training images, between which R_f is to fall by half at least."""


def falls(tables: Tables) -> Outcome:
    """Spearman(P, R_f) at most -.8, and R_f twice as small with 16 times as many images."""
    return _of_networks(tables, _fall)


def slope(tables: Tables) -> Outcome:
    """d ln R / d ln P within -1 +- .2."""

    def of_network(rows: DataFrame, name: str) -> list[Measured]:
        def value(sample: Sample) -> float:
            return log_slope(sample["train_size"], sample["R"])

        return [_measured(value, rows, Range(-1.2, -0.8), name)]

    return _of_networks(tables, of_network)


def _fall(rows: DataFrame, name: str) -> list[Measured]:
    def rank(sample: Sample) -> float:
        sizes, means = _means(sample)
        return spearman(sizes, means)

    parts = [_measured(rank, rows, Range(high=-0.8), f"{name}, Spearman(P, R)")]
    sizes = sorted(rows["train_size"].unique())
    ends = next(((p, q) for p in sizes for q in reversed(sizes) if q == FOLD * p), None)
    label = f"{name}, R({ends[0]}) / R({ends[1]})" if ends else f"{name}, ratio"
    if ends is None:
        why = f"no two sizes differ {FOLD}-fold"
        return [*parts, Measured(label=label, detail=why)]
    few, many = ends

    def ratio(sample: Sample) -> float:
        of_size = dict(zip(*_means(sample), strict=True))
        return of_size[few] / of_size[many]

    return [*parts, _measured(ratio, rows, Range(low=2), label)]


def _means(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes, and the geometric mean of R at each."""
    sizes, position = np.unique(sample["train_size"], return_inverse=True)
    return sizes, np.exp(np.bincount(position, np.log(sample["R"])) / np.bincount(position))


def _of_networks(tables: Tables, of_network: Callable[[DataFrame, str], list[Measured]]) -> Outcome:
    selection = measured(evidence.table(tables, "sensitivity"))
    rows = across_sizes(selection.rows)
    if rows.empty:
        raise NotTested("The run has no experiment with several training sizes.")
    parts = []
    for (title, name), network in rows.groupby(["dataset", "network"]):
        label = str(name) if rows["dataset"].nunique() == 1 else f"{name} on {title}"
        parts += of_network(network, label)
    return Outcome(parts, left_out(selection.left_out))


def _measured(
    function: Callable[[Sample], float], rows: DataFrame, meets: Range, label: str
) -> Measured:
    """Return a number of one network over sizes; its interval is over seeds."""
    columns = rows[["seed", "train_size", "R"]]
    value = function({str(name): columns[name].to_numpy() for name in columns.columns})
    low, high = bootstrap_interval(function, columns, ["seed"])
    return Measured(value, low, high, None if isnan(value) else meets, label=label)
