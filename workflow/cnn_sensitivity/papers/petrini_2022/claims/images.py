"""Claims on images: the feature flow against the kernel's machines."""

from collections.abc import Iterator

import numpy as np
from pandas import DataFrame, Series

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, LAZY, NAMES, PRIMARY
from cnn_sensitivity.papers.petrini_2022.rows import log_ratios, participations, predictors
from cnn_sensitivity.scorecard import trainings
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

FEWEST_FOR_ERROR, FEWEST_FOR_R = 256, 128
"""Training points from which the claims speak."""


def lazy_generalises_better(tables: Tables) -> Outcome:
    """Mean over n >= 256 of ln(error of feature / of the machine), a part a data set."""
    chosen = predictors(table(tables, "sensitivity"), FEATURE, *LAZY)
    parts = [
        trainings.signed(logs, POSITIVE, dataset)
        for dataset, logs in _means(chosen.rows, "test_error", PRIMARY, FEWEST_FOR_ERROR)
    ]
    remark = _of_others(chosen.rows, "test_error", FEWEST_FOR_ERROR)
    return Outcome(_some(parts, FEWEST_FOR_ERROR), _joined(remark, left_out(chosen.left_out)))


def feature_is_less_smooth(tables: Tables) -> Outcome:
    """R of feature over that of the machine, a part a data set and n >= 128."""
    chosen = predictors(table(tables, "sensitivity"), FEATURE, *LAZY, with_error=False)
    parts = [
        trainings.positive(np.exp(logs[size].dropna()), ABOVE_ONE, f"{dataset}, n = {size:g}")
        for dataset, logs in log_ratios(chosen.rows, "R", PRIMARY)
        for size in logs.columns
        if size >= FEWEST_FOR_R
    ]
    remark = _of_others(chosen.rows, "R", FEWEST_FOR_R)
    return Outcome(_some(parts, FEWEST_FOR_R), _joined(remark, left_out(chosen.left_out)))


def of_order_one_before(tables: Tables) -> Outcome:
    """R of the feature networks at initialisation, all drawn afresh, a part a data set."""
    chosen = predictors(table(tables, "sensitivity"), FEATURE, state="initial", with_error=False)
    parts = [
        trainings.fresh(rows["R"], Range(0.3, 3), str(dataset))
        for dataset, rows in chosen.rows.groupby("dataset", sort=False)
    ]
    if not parts:
        raise NotTested("No network at initialisation was measured.")
    return Outcome(parts, left_out(chosen.left_out))


def features_become_sparse(tables: Tables) -> Outcome:
    """Participation number, trained over initial, a part a data set and n."""
    ratios = participations(table(tables, "measurements"))
    ratios = ratios.assign(log=np.log(ratios["trained"] / ratios["initial"]))
    # Networks of one training set are averaged first.
    sets = ratios.groupby(["dataset", "train_size", "seed"])["log"].mean()
    parts = [
        trainings.positive(np.exp(logs), Range(high=0.8), f"{dataset}, n = {size:g}")
        for (dataset, size), logs in sets.groupby(level=["dataset", "train_size"])
    ]
    return Outcome(parts)


def _means(
    rows: DataFrame, quantity: str, lazy: str, fewest: int
) -> Iterator[tuple[str, Series]]:
    """Yield data set and the mean over n of the log ratios of each training set that has all n."""
    for dataset, logs in log_ratios(rows, quantity, lazy):
        whole = logs.loc[:, logs.columns >= fewest].dropna()
        if whole.size:
            yield dataset, whole.mean(axis=1)


def _of_others(rows: DataFrame, quantity: str, fewest: int) -> str:
    """Return what comes out against the other lazy predictors, which do not decide."""
    found = [
        str(trainings.positive(np.exp(logs), ABOVE_ONE, f"{NAMES[lazy]} ({dataset})"))
        for lazy in LAZY
        if lazy != PRIMARY
        for dataset, logs in _means(rows, quantity, lazy, fewest)
    ]
    told = "; ".join(found)
    return f"Not judged, the ratio to other lazy predictors, mean over n: {told}." if told else ""


def _some(parts: list[Measured], fewest: int) -> list[Measured]:
    if not parts:
        raise NotTested(f"No training set of {fewest} points or more has both predictors.")
    return parts


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
