"""Claims on how the test error goes with R_f, D_f and G_f across networks."""

from collections.abc import Callable
from math import isnan

import numpy as np
from pandas import DataFrame, Series

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.analysis.statistics import (
    FEWEST_POINTS,
    Sample,
    bootstrap_interval,
    log_correlation,
)
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.claims.stability import networks
from cnn_sensitivity.papers.petrini_2021.rows import (
    LAYERS,
    RESIDUAL,
    across_sizes,
    data_of,
    has_batch_norm,
    measured,
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

FEWEST_EACH = 2
"""Networks of a family, and others."""
DEEP = 11
"""More layers than this count as deep: half of the authors' networks have."""


def error_against_r(tables: Tables) -> Outcome:
    """On CIFAR-10: Pearson of the logarithms at least .9, slope .35 to .6, prefactor .15 to .35."""
    selection = _networks(tables)
    parts: list[Measured] = []
    for title, rows in selection.rows.groupby("dataset"):
        label = f"{title}, " if selection.rows["dataset"].nunique() > 1 else ""
        is_theirs = data_of(str(title)) == "CIFAR-10"
        numbers = [(correlations.correlation(rows, "R"), "ρ", Range(low=0.9))]
        if not isnan(numbers[0][0].value):
            columns = rows[["network", "seed", "test_error", "R"]]
            for function, name, meets in (
                (fits.slope, "slope", Range(0.35, 0.6)),
                (fits.prefactor, "prefactor", Range(0.15, 0.35)),
            ):
                numbers.append((_with_interval(function, columns), name, meets))
        for part, name, meets in numbers:
            why = part.detail if is_theirs else f"the claim is of CIFAR-10, this is {title}"
            parts.append(
                Measured(
                    part.value, part.low, part.high,
                    meets if is_theirs and not isnan(part.value) else None, why, label + name,
                )
            )  # fmt: skip
    return Outcome(parts, left_out(selection.left_out))


def d_is_weaker(tables: Tables) -> Outcome:
    """|rho(eps, D)| below rho(eps, R), the interval of the lead excluding 0."""
    selection = _networks(tables)
    columns = selection.rows[["network", "seed", "test_error", "D", "R"]]

    def lead(sample: Sample) -> float:
        error = sample["test_error"]
        return log_correlation(error, sample["R"]) - abs(log_correlation(error, sample["D"]))

    part = _with_interval(lead, columns)
    rho = {name: log_correlation(columns["test_error"], columns[name]) for name in "RD"}
    detail = f"lead of R; ρ(ε, R) {rho['R']:.2f}, ρ(ε, D) {rho['D']:.2f}"
    measured_lead = Measured(part.value, part.low, part.high, _defined(part, POSITIVE), detail)
    return Outcome([measured_lead], left_out(selection.left_out))


def error_falls_with_g(tables: Tables) -> Outcome:
    """rho(eps, G) < 0, interval excluding 0."""
    selection = _networks(tables)
    part = correlations.correlation(selection.rows, "G")
    parts = [correlations.with_sign(part.value, part.low, part.high, -1, part.detail, "")]
    return Outcome(parts, left_out(selection.left_out))


def along_training_sizes(tables: Tables) -> Outcome:
    """Pearson of the logarithms at least .9 within a network, over sizes and seeds."""
    selection = measured(evidence.table(tables, "sensitivity"), with_error=True)
    rows = across_sizes(selection.rows)
    if rows.empty:
        raise NotTested("The run has no experiment with several training sizes.")
    parts = []
    for (title, name), network in rows.groupby(["dataset", "network"]):
        columns = network[["seed", "test_error", "R"]]

        def rho(sample: Sample) -> float:
            return log_correlation(sample["test_error"], sample["R"])

        part = _with_interval(rho, columns, ["seed"])
        meets = _defined(part, Range(low=0.9))
        label = str(name) if rows["dataset"].nunique() == 1 else f"{name} on {title}"
        parts.append(Measured(part.value, part.low, part.high, meets, label=label))
    return Outcome(parts, left_out(selection.left_out))


def no_family_departs(tables: Tables) -> Outcome:
    """At equal R_f families have one mean ln error, within the authors' scatter.

    Families: with batch norm, with skip connections, deep; residuals of our own fit.
    """
    selection = _networks(tables)
    rows = selection.rows[selection.rows["architecture"].isin(LAYERS)]
    margin = scatter_of_authors()
    families = {
        "with batch norm": rows["architecture"].map(has_batch_norm),
        "with skip connections": rows["architecture"].isin(RESIDUAL),
        f"more than {DEEP} layers": rows["architecture"].map(LAYERS) > DEEP,
    }
    parts = [
        _departure(rows, family.astype(bool), name, Range(-margin, margin))
        for name, family in families.items()
    ]
    return Outcome(parts, left_out(selection.left_out))


def scatter_of_authors() -> float:
    """Return the standard deviation of ln error of the authors' 15 networks around their fit."""
    r = authors(4, "R").set_index("network")["value"]
    error = authors(4, "test_error").set_index("network")["value"].reindex(r.index)
    sample = {"R": r.to_numpy(), "test_error": error.to_numpy()}
    return float(np.std(_residuals(sample), ddof=2))


def _departure(rows: DataFrame, family: Series, label: str, meets: Range) -> Measured:
    if min(rows["network"][family].nunique(), rows["network"][~family].nunique()) < FEWEST_EACH:
        return Measured(label=label, detail=f"fewer than {FEWEST_EACH} networks, or others")
    columns = rows[["network", "seed", "test_error", "R"]].assign(family=family)

    def difference(sample: Sample) -> float:
        inside = sample["family"].astype(bool)
        if inside.all() or not inside.any():
            return float("nan")
        residuals = _residuals(sample)
        return float(residuals[inside].mean() - residuals[~inside].mean())

    part = _with_interval(difference, columns)
    return Measured(part.value, part.low, part.high, _defined(part, meets), label=label)


def _residuals(sample: Sample) -> np.ndarray:
    law = np.log(fits.prefactor(sample)) + fits.slope(sample) * np.log(sample["R"])
    return np.log(sample["test_error"]) - law


def _networks(tables: Tables) -> Selection:
    selection = networks(tables, with_error=True)
    if len(selection.rows) < FEWEST_POINTS:
        raise NotTested(f"Fewer than {FEWEST_POINTS} networks and seeds learned.")
    return selection


def _with_interval(
    function: Callable[[Sample], float],
    columns: DataFrame,
    groups: list[str] | None = None,
) -> Measured:
    value = function({str(name): columns[name].to_numpy() for name in columns.columns})
    low, high = bootstrap_interval(function, columns, groups or ["network", "seed"])
    return Measured(value, low, high)


def _defined(part: Measured, meets: Range) -> Range | None:
    return None if isnan(part.value) else meets
