"""Claims on the exponents beta of learning curves, error ~ p^-beta."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import Limits
from cnn_sensitivity.papers.paccolat_2021.claims.samples import (
    arithmetic,
    exponent,
    fitted,
    negative,
)
from cnn_sensitivity.papers.paccolat_2021.rows import (
    CYLINDER,
    STRIPE,
    T_STAR,
    Tables,
    below_most_error,
    curves,
    machines,
    measured,
    networks,
    of_task,
)
from cnn_sensitivity.papers.paccolat_2021.theory import beta_feature, beta_lazy
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.verdict import POSITIVE, Measured, NotTested, Outcome, Range

LAZY, FEATURE = 0.07, 0.1
"""By how much a fitted exponent may differ from its prediction."""


def lazy(tables: Tables) -> Outcome:
    """beta of the hard-margin machine within .07 of d/(3d - 2), over all p of the run."""
    evidence.table(tables, "machines")
    rows = of_task(machines(tables), STRIPE)
    if rows.empty:
        raise NotTested("The run has no kernel machine on the stripe.")
    parts, upper = [], []
    for name, dimension, curve in curves(below_most_error(rows)):
        meets = _near(beta_lazy(dimension), LAZY)
        parts.append(fitted(curve, arithmetic, meets, name, sign=-1))
        largest = curve["train_size"].max()
        value, _, _ = exponent(curve[curve["train_size"] >= largest / 8], arithmetic)
        upper.append(f"{-value:.2f} ({name})")
    remark = f"{_left_out(rows)} Over the largest eight-fold p alone: {', '.join(upper)}."
    return Outcome(parts, remark.strip())


def feature(tables: Tables) -> Outcome:
    """beta of the network at the end within .1 of (2d - 1)/(3d - 2), and above the lazy one.

    The two are of the p that both have, and their intervals must not meet.
    """
    evidence.table(tables, "measurements")
    rows = of_task(networks(tables), STRIPE)
    if rows.empty:
        raise NotTested("The run has no measured feature flow on the stripe.")
    lazy_rows = below_most_error(machines(tables))
    parts = []
    for name, dimension, curve in curves(below_most_error(rows)):
        meets = _near(beta_feature(dimension), FEATURE)
        parts.append(fitted(curve, arithmetic, meets, name, sign=-1))
        parts.append(_above(curve, lazy_rows, f"{name}, above the lazy one"))
    return Outcome(parts, f"{_left_out(rows)} {_at_t_star(tables)}".strip())


def cylinder(tables: Tables) -> Outcome:
    """beta of the network on the cylinder within .1 of its prediction, 1/2 for d_par = 2."""
    evidence.table(tables, "measurements")
    rows = of_task(networks(tables), CYLINDER)
    if rows.empty:
        raise NotTested("The run has no measured feature flow on the cylinder.")
    parts = [
        fitted(curve, arithmetic, _near(0.5, FEATURE), name, sign=-1)
        for name, _, curve in curves(below_most_error(rows))
    ]
    return Outcome(parts, _left_out(rows))


def _near(value: float, by: float) -> Range:
    return Range(value - by, value + by)


def _above(curve: DataFrame, lazy_rows: DataFrame, label: str) -> Measured:
    """Return by how much an exponent is above the lazy one; positive if the intervals are disjoint.

    The interval is the distance of the nearer ends and that of the farther ones.
    """
    same = lazy_rows[lazy_rows["dataset"] == curve["dataset"].iloc[0]]
    both = set(curve["train_size"]) & set(same["train_size"])
    ours, of_ours, detail = exponent(curve[curve["train_size"].isin(both)], arithmetic)
    theirs, of_theirs, without = exponent(same[same["train_size"].isin(both)], arithmetic)
    if np.isnan(ours) or np.isnan(theirs):
        return Measured(label=label, detail=f"no lazy one to compare with ({without})")
    limits = None
    if of_ours is not None and of_theirs is not None:
        limits = _distance(negative(of_ours), negative(of_theirs))
    return Measured(theirs - ours, limits, POSITIVE, f"lazy {-theirs:.2f}, {detail}", label)


def _distance(upper: Limits, lower: Limits) -> Limits:
    def limits(level: float) -> tuple[float, float]:
        (low, high), (lowest, highest) = upper(level), lower(level)
        return low - highest, high - lowest

    return limits


def _left_out(rows: DataFrame) -> str:
    count = len(rows) - len(below_most_error(rows))
    return f"{count} trainings that err more than 25 % are left out." if count else ""


def _at_t_star(tables: Tables) -> str:
    """Return what the kernel at t* would say: ours, and not judged."""
    rows = below_most_error(of_task(measured(tables, "kernel_error", T_STAR), STRIPE))
    found = {name: exponent(curve, arithmetic)[0] for name, _, curve in curves(rows)}
    shown = [f"{-value:.2f} ({name})" for name, value in found.items() if np.isfinite(value)]
    return (
        f"Of the kernel at t*, which the paper does not use: {', '.join(shown)}." if shown else ""
    )
