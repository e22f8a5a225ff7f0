"""Claims on how the test error goes with D_f, G_f, R_f across networks."""

from collections.abc import Mapping
from math import isfinite, isnan

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.analysis.intervals import bootstrap, rank
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import most_images
from cnn_sensitivity.analysis.statistics import FEWEST_POINTS, correlations, spearman
from cnn_sensitivity.analysis.units import architectures
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.correlations import correlation, of_networks
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import (
    NEGATIVE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

SIGNS = {"R": 1, "D": 1, "G": -1}
"""The paper's sign of rho(eps, X)."""


def error_against_r(tables: Tables) -> Outcome:
    """On CIFAR-10, Pearson of the logarithms at least .8; slope and prefactor are reported.

    R is P21's, by medians, where the run has these.
    """
    kind = "medians" if "medians" in tables else "sensitivity"
    rows = evidence.clean(evidence.table(tables, kind, "images"))
    selection = evidence.learned_outputs(evidence.of_cifar_10(rows))
    part = correlation(selection.rows, "R", Range(low=0.8))
    if isnan(part.value):
        return Outcome([part], left_out(selection.left_out))
    slope, _ = fits.over_networks(fits.slopes, selection.rows)
    place = "within" if 0.35 <= slope <= 0.6 else "outside"
    fitted = fits.with_interval(fits.slopes, selection.rows)
    prefactor = fits.with_interval(fits.prefactors, selection.rows)
    remark = f"Slope {fitted}, {place} .35-.6; prefactor {prefactor} (error = a R^slope)."
    return Outcome([part], f"{remark} {left_out(selection.left_out)}".strip())


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
    logs = by_level(selection.rows)
    count = logs["R"].shape[-1]
    means = {name: float(mean) for name, mean in mean_correlations(logs).items()}
    if isnan(sum(means.values())):
        raise NotTested(f"No noise level has {FEWEST_POINTS} networks with a defined correlation.")

    def lead(drawn: NDArray) -> NDArray:
        rho = mean_correlations({name: values[:, drawn] for name, values in logs.items()})
        return rho["R"] - np.maximum(rho["D"], rho["G"])

    detail = "mean ρ of R {R:.2f}, of D {D:.2f}, of -G {G:.2f}".format(**means)
    detail = f"lead of R over the better of D and -G; {count} networks; {detail}"
    part = Measured(float(lead(np.arange(count))), bootstrap(lead, count), POSITIVE, detail)
    return Outcome([part], left_out(selection.left_out))


def by_level(rows: DataFrame) -> dict[str, NDArray]:
    """Return the logarithms of test error, R, D and G, [noise levels, architectures]; nan without.

    Levels with fewer than 3 architectures, which define no correlation, are left out.
    """
    names = ["test_error", *SIGNS]
    levels = {noise: architectures(level, names) for noise, level in rows.groupby("noise")}
    levels = {noise: level for noise, level in levels.items() if len(level) >= FEWEST_POINTS}
    every = sorted({name for level in levels.values() for name in level["architecture"]})
    found = [level.set_index("architecture").reindex(every) for level in levels.values()]
    empty = np.empty((0, len(every)))
    return {name: np.log([level[name] for level in found]) if found else empty for name in names}


def mean_correlations(logs: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return the mean over noise levels (first axis) of rho times the paper's sign, for R, D, G.

    Levels where it is not defined are left out; nan if there is no other.
    """
    means = {}
    for name, sign in SIGNS.items():
        rho = correlations(logs["test_error"], logs[name])
        defined = np.isfinite(rho)
        count = defined.sum(0)
        total = np.where(defined, rho, 0).sum(0)
        means[name] = sign * np.where(count, total / np.maximum(count, 1), np.nan)
    return means


def signs_on_task(tables: Tables) -> Outcome:
    """The signs of Figure 8, over networks: means over seeds and training sizes."""
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
    errors = most_images(selection.rows).pivot_table(
        index="architecture", columns="experiment", values="test_error", aggfunc="mean"
    )
    errors = errors.reindex(columns=["images", "scale_detection_2d"]).dropna().reset_index()
    if len(errors) < FEWEST_POINTS:
        raise NotTested(
            f"{len(errors)} networks learned both, fewer than {FEWEST_POINTS}."
            f" {left_out(selection.left_out)}".strip()
        )

    def rho(points: DataFrame) -> float:
        return spearman(points["images"], points["scale_detection_2d"])

    limits = rank(errors["images"], errors["scale_detection_2d"])
    detail = f"{of_networks(errors, rho)}, mean error over seeds"
    value = rho(errors)
    part = Measured(value, limits, None if isnan(value) else POSITIVE, detail)
    return Outcome([part], left_out(selection.left_out))


def _signed(rows: DataFrame, quantity: str, label: str) -> Measured:
    return correlation(rows, quantity, POSITIVE if SIGNS[quantity] > 0 else NEGATIVE, label)


def _weakest_first(parts: list[Measured], quantity: str) -> list[Measured]:
    """Order noise levels by how near to (or how far beyond) 0 the interval comes."""
    sign = SIGNS[quantity]

    def margin(part: Measured) -> tuple[float, float]:
        low, high = part.interval()
        bound = low if sign > 0 else -high
        return (bound, sign * part.value) if isfinite(bound) else (float("inf"), 0.0)

    return sorted(parts, key=margin)
