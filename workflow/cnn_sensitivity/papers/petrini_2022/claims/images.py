"""Claims on images: the feature flow against the kernel's machines."""

from collections.abc import Callable

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, LAZY, NAMES, PRIMARY
from cnn_sensitivity.papers.petrini_2022.rows import (
    log_ratios,
    means_over_sizes,
    participations,
    predictors,
)
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

    def parts(ratios: DataFrame) -> list[Measured]:
        means = means_over_sizes(ratios)
        return [trainings.signed(values, POSITIVE, dataset) for dataset, values in means]

    return _against_lazy(tables, "test_error", FEWEST_FOR_ERROR, parts)


def feature_is_less_smooth(tables: Tables) -> Outcome:
    """R of feature over that of the machine, a part a data set and n >= 128."""

    def parts(ratios: DataFrame) -> list[Measured]:
        return [
            trainings.positive(np.exp(of_one["value"]), ABOVE_ONE, f"{dataset}, n = {size}")
            for (dataset, size), of_one in ratios.groupby(["dataset", "train_size"])
        ]

    return _against_lazy(tables, "R", FEWEST_FOR_R, parts)


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
    sets = ratios.groupby(["dataset", "train_size", "seed"])["log"].mean().reset_index()
    return Outcome(
        [
            trainings.positive(np.exp(of_one["log"]), Range(high=0.8), f"{dataset}, n = {size}")
            for (dataset, size), of_one in sets.groupby(["dataset", "train_size"])
        ]
    )


def _against_lazy(
    tables: Tables, quantity: str, fewest: int, parts_of: Callable[[DataFrame], list[Measured]]
) -> Outcome:
    """Return the parts against the primary lazy predictor; the remark tells of the others."""
    rows = table(tables, "sensitivity")
    chosen = predictors(rows, FEATURE, *LAZY, with_error=quantity == "test_error")
    ratios = {lazy: log_ratios(chosen.rows, quantity, lazy, fewest) for lazy in LAZY}
    parts = parts_of(ratios.pop(PRIMARY))
    if not parts:
        raise NotTested(f"No training set of {fewest} points or more has both predictors.")
    others = [
        str(trainings.positive(np.exp(values), ABOVE_ONE, f"{NAMES[lazy]} ({dataset})"))
        for lazy, of_lazy in ratios.items()
        for dataset, values in means_over_sizes(of_lazy)
    ]
    told = f"Not judged, the ratio to other lazy predictors, mean over n: {'; '.join(others)}."
    sentences = [told if others else "", left_out(chosen.left_out)]
    return Outcome(parts, " ".join(sentence for sentence in sentences if sentence))
