"""Claims on how R_f depends on the number P of training images: numbers of each training."""

from collections.abc import Callable

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.statistics import spearman
from cnn_sensitivity.papers.petrini_2021.rows import across_sizes, by_seed, measured, slopes
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Compatible, Measured, NotTested, Outcome, Range

FOLD = 16
"""Of the training images, between which R_f is to fall by half at least."""


def falls(tables: Tables) -> Outcome:
    """Spearman(P, R_f) at most -.8, and R_f twice as small with 16 times as many images."""
    return of_each_network(tables, _fall)


def slope(tables: Tables) -> Outcome:
    """The interval of d ln R / d ln P contains -1, and its half width is at most .3."""

    def of_network(rows: DataFrame, name: str) -> list[Measured]:
        return [trainings.signed(slopes(rows), Compatible(-1, 0.3), name)]

    return of_each_network(tables, of_network)


def of_each_network(
    tables: Tables,
    of_network: Callable[[DataFrame, str], list[Measured]],
    with_error: bool = False,
) -> Outcome:
    """Return the parts of each network that was trained on several sizes; NotTested without any.

    `of_network`: from a network's rows, one a seed and size, and its name, to parts.
    """
    selection = measured(evidence.table(tables, "sensitivity"), with_error=with_error)
    rows = across_sizes(selection.rows)
    if rows.empty:
        raise NotTested("The run has no experiment with several training sizes.")
    parts = []
    for (title, name), network in rows.groupby(["dataset", "network"]):
        label = str(name) if rows["dataset"].nunique() == 1 else f"{name} on {title}"
        parts += of_network(network, label)
    return Outcome(parts, left_out(selection.left_out))


def _fall(rows: DataFrame, name: str) -> list[Measured]:
    curves = by_seed(rows)
    orders = [spearman(r.index, r) for r in curves]
    label = f"{name}, Spearman(P, R)"
    parts = [trainings.signed(orders, Range(high=-0.8), label, within=(-1, 1))]
    sizes = sorted(rows["train_size"].unique())
    ends = next(((p, q) for p in sizes for q in reversed(sizes) if q == FOLD * p), None)
    if ends is None:
        why = f"no two sizes differ {FOLD}-fold"
        return [*parts, Measured(label=f"{name}, ratio", detail=why)]
    few, many = ends
    ratios = np.array([r[few] / r[many] for r in curves])
    return [*parts, trainings.positive(ratios, Range(low=2), f"{name}, R({few}) / R({many})")]
