"""The claim on the paper's simple model: R against P where features are learned, and lazily."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing, plural, span
from cnn_sensitivity.papers.petrini_2021.rows import slopes
from cnn_sensitivity.papers.petrini_2021.stripe import (
    FEATURE,
    LAZY,
    MACHINE,
    T_STAR,
    Curve,
    curves,
    judged,
    trainings,
)
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.trainings import positive, signed
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range

FEWEST_SIZES = 3
FALL, FLAT = Range(-1.2, -0.8), Range(-0.1, 0.1)
LEVEL = Range(0.8, 1.25)
"""Around 1, which is (d - 1)/d where noise is not as large as the step."""


def falls_with_features(tables: Tables) -> Outcome:
    """d ln R / d ln P within -1.2 and -.8 where lambda^2 > d; lazily within +-.1, and R about 1."""
    if "stripe" not in tables:
        raise NotTested("The run has no network on the stripe.")
    table = tables["stripe"]
    found = list(curves(trainings(table)))
    parts = []
    for curve in found:
        if curve.regime == FEATURE:
            parts.append(_slope(judged(curve), FALL, f"{curve.name}, slope where λ² > d"))
        else:
            parts += [_slope(judged(curve), FLAT, f"{curve.name}, slope"), _level(curve)]
    there = {curve.regime for curve in found}
    for name, regimes in (("feature", {FEATURE}), ("lazy", {LAZY, MACHINE})):
        if not there & regimes:
            parts.append(Measured(label=name, detail="the run has no such training"))
    return Outcome(parts, _at_t_star(table))


def _slope(rows: DataFrame, meets: Range, label: str) -> Measured:
    """Return d ln R / d ln P, a number a seed."""
    if rows["train_size"].nunique() < FEWEST_SIZES:
        return Measured(label=label, detail=f"of fewer than {FEWEST_SIZES} sizes")
    values = slopes(rows)
    if not values:
        return Measured(label=label, detail="no seed has all sizes")
    detail = f"P = {span(rows['train_size'])}, {plural(len(values), 'seed')}"
    return signed(values, meets, label, detail)


def _level(curve: Curve) -> Measured:
    """Return R, the geometric mean over P of each seed."""
    logs = np.log(curve.rows["R"]).groupby(curve.rows["seed"]).mean()
    return positive(np.exp(logs), LEVEL, f"{curve.name}, R")


def _at_t_star(table: DataFrame) -> str:
    """Return what the slope is at t*: ours, and not judged."""
    shown = [
        f"{np.mean(values):.2f} ({curve.name})"
        for curve in curves(trainings(table, T_STAR))
        if curve.regime == FEATURE and np.isfinite(values := slopes(judged(curve))).any()
    ]
    return f"At t*, which the paper does not use: {listing(shown)}." if shown else ""
