"""Claims on how the test error goes with D_f, G_f, R_f across networks and seeds."""

from collections.abc import Mapping
from math import isfinite, isnan

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import most_images
from cnn_sensitivity.analysis.statistics import (
    FEWEST_POINTS,
    Sample,
    bootstrap_interval,
    log_correlation,
    log_slope,
    spearman,
)
from cnn_sensitivity.scorecard import correlations, evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import (
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

SIGNS = {"R": 1, "D": 1, "G": -1}
"""The paper's sign of rho(eps, X)."""


def error_against_r(tables: Tables) -> Outcome:
    """Pearson of the logarithms at least .8; slope and prefactor are reported.

    R is P21's, by medians, where the run has these.
    """
    kind = "medians" if "medians" in tables else "sensitivity"
    rows = evidence.clean(evidence.table(tables, kind, "images"))
    selection = evidence.learned_outputs(rows)
    part = correlations.correlation(selection.rows, "R")
    if isnan(part.value):
        return Outcome([part], left_out(selection.left_out))
    columns = selection.rows[["network", "seed", "test_error", "R"]]
    slope = log_slope(columns["R"], columns["test_error"])
    place = "within" if 0.35 <= slope <= 0.6 else "outside"
    fitted = fits.with_interval(fits.slope, columns)
    prefactor = fits.with_interval(fits.prefactor, columns)
    detail = f"slope {fitted}, {place} .35-.6; prefactor {prefactor} (error = a R^slope)"
    measured = Measured(part.value, part.low, part.high, Range(low=0.8), detail)
    return Outcome([measured], left_out(selection.left_out))


def sign_at_each_noise(quantity: str, tables: Tables) -> Outcome:
    """The sign of rho(eps, X) at each noise level, its interval excluding 0."""
    selection = evidence.learned_outputs(
        evidence.relu(evidence.table(tables, "sensitivity", "images"))
    )
    parts = [
        _signed(level, quantity, f"noise {noise:g}")
        for noise, level in selection.rows.groupby("noise")
    ]
    return Outcome(_weakest_first(parts, quantity), left_out(selection.left_out))


def r_is_best(tables: Tables) -> Outcome:
    """Mean over noise levels of rho(eps, R) above that of rho(eps, D) and of -rho(eps, G)."""
    selection = evidence.learned_outputs(
        evidence.relu(evidence.table(tables, "sensitivity", "images"))
    )
    columns = selection.rows[["network", "seed", "noise", "test_error", *SIGNS]]
    sample = {str(name): columns[name].to_numpy() for name in columns.columns}
    means = mean_correlations(sample)
    if isnan(sum(means.values())):
        raise NotTested(
            f"No noise level has {FEWEST_POINTS} networks and seeds with a defined correlation."
        )
    low, high = bootstrap_interval(_lead, columns)
    detail = "mean ρ of R {R:.2f}, of D {D:.2f}, of -G {G:.2f}".format(**means)
    value = _lead(sample)
    detail = f"lead of R over the better of D and -G; {detail}"
    part = Measured(value, low, high, POSITIVE, detail)
    return Outcome([part], left_out(selection.left_out))


def mean_correlations(sample: Sample) -> Mapping[str, float]:
    """Return the mean over noise levels of rho times the paper's sign, for R, D and G.

    Levels where it is not defined are left out; nan if there is no other.
    """
    levels = [sample["noise"] == noise for noise in np.unique(sample["noise"])]
    means = {}
    for name, sign in SIGNS.items():
        values = [log_correlation(sample["test_error"][at], sample[name][at]) for at in levels]
        defined = [value for value in values if isfinite(value)]
        means[name] = sign * float(np.mean(defined)) if defined else float("nan")
    return means


def _lead(sample: Sample) -> float:
    means = mean_correlations(sample)
    return means["R"] - max(means["D"], means["G"])


def signs_on_task(tables: Tables) -> Outcome:
    """The signs of Figure 8, all networks, seeds and training sizes together."""
    rows = evidence.clean(evidence.table(tables, "sensitivity", "scale_detection_2d"))
    selection = evidence.learned_outputs(rows)
    parts = [_signed(selection.rows, name, f"ρ(ε, {name})") for name in SIGNS]
    return Outcome(parts, left_out(selection.left_out))


def ranking(tables: Tables) -> Outcome:
    """Spearman, across networks, of the test errors on images and on the task."""
    rows = evidence.clean(evidence.table(tables, "sensitivity"))
    evidence.table(tables, "sensitivity", "images")
    evidence.table(tables, "sensitivity", "scale_detection_2d")
    selection = evidence.learned_outputs(rows, with_error=False)
    runs = most_images(selection.rows)
    errors = runs.pivot_table(
        index="network", columns="experiment", values="test_error", aggfunc="mean"
    )
    errors = errors.reindex(columns=["images", "scale_detection_2d"]).dropna().reset_index()
    if len(errors) < FEWEST_POINTS:
        raise NotTested(
            f"{len(errors)} networks learned both, fewer than {FEWEST_POINTS}."
            f" {left_out(selection.left_out)}".strip()
        )

    def correlation(sample: Sample) -> float:
        return spearman(sample["images"], sample["scale_detection_2d"])

    value = correlation(errors)  # type: ignore[arg-type]
    low, high = bootstrap_interval(correlation, errors, groups=["network"])
    detail = f"{len(errors)} networks, mean error over seeds"
    return Outcome(
        [correlations.with_sign(value, low, high, 1, detail, "")], left_out(selection.left_out)
    )


def _signed(rows: DataFrame, quantity: str, label: str) -> Measured:
    part = correlations.correlation(rows, quantity)
    return correlations.with_sign(
        part.value, part.low, part.high, SIGNS[quantity], part.detail, label
    )


def _weakest_first(parts: list[Measured], quantity: str) -> list[Measured]:
    """Order noise levels by how near to (or how far beyond) 0 the interval comes."""
    sign = SIGNS[quantity]

    def margin(part: Measured) -> tuple[float, float]:
        bound = part.low if sign > 0 else -part.high
        return (bound, sign * part.value) if isfinite(bound) else (float("inf"), 0.0)

    return sorted(parts, key=margin)
