"""Claims on how the test error goes with R_f, D_f and G_f across networks."""

from math import isnan

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.analysis.intervals import (
    FEWEST_TRAININGS,
    bootstrap,
    jackknife,
    of_z,
)
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.analysis.statistics import FEWEST_POINTS, correlations, log_correlation
from cnn_sensitivity.analysis.units import architectures
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.claims.sizes import of_each_network
from cnn_sensitivity.papers.petrini_2021.claims.stability import networks
from cnn_sensitivity.papers.petrini_2021.rows import LAYERS, RESIDUAL, has_batch_norm
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.correlations import correlation, of_networks
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.trainings import few
from cnn_sensitivity.scorecard.verdict import (
    NEGATIVE,
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
POWER_LAW = {
    "slope": (fits.slopes, Range(0.35, 0.6)),
    "prefactor": (fits.prefactors, Range(0.15, 0.35)),
}


def error_against_r(tables: Tables) -> Outcome:
    """On CIFAR-10: Pearson of the logarithms at least .9, slope .35 to .6, prefactor .15 to .35."""
    selection = _networks(tables)
    rows = evidence.of_cifar_10(selection.rows)
    parts = [correlation(rows, "R", Range(low=0.9), "ρ")]
    for label, (function, meets) in POWER_LAW.items():
        value, limits = fits.over_networks(function, rows)
        parts.append(Measured(value, limits, meets, label=label))
    return Outcome(parts, left_out(selection.left_out))


def d_is_weaker(tables: Tables) -> Outcome:
    """|rho(eps, D)| below rho(eps, R), the interval of the lead excluding 0."""
    selection = _networks(tables)
    points = architectures(selection.rows, ["test_error", "D", "R"])
    logs = {name: np.log(points[name].to_numpy()) for name in ("test_error", "D", "R")}

    def lead(drawn: NDArray) -> NDArray:
        rho = {name: correlations(logs["test_error"][drawn], logs[name][drawn]) for name in "DR"}
        return rho["R"] - np.abs(rho["D"])

    def of_points(chosen: DataFrame) -> float:
        return float(lead(chosen.index.to_numpy()))

    value = of_points(points)
    rho = {name: log_correlation(points["test_error"], points[name]) for name in "RD"}
    detail = f"lead of R; ρ(ε, R) {rho['R']:.2f}, ρ(ε, D) {rho['D']:.2f}"
    detail += f"; {of_networks(points, of_points)}"
    meets = None if isnan(value) else POSITIVE
    part = Measured(value, bootstrap(lead, len(points)), meets, detail)
    return Outcome([part], left_out(selection.left_out))


def error_falls_with_g(tables: Tables) -> Outcome:
    """rho(eps, G) < 0, interval excluding 0."""
    selection = _networks(tables)
    part = correlation(selection.rows, "G", NEGATIVE)
    return Outcome([part], left_out(selection.left_out))


def along_training_sizes(tables: Tables) -> Outcome:
    """Pearson of the logarithms at least .9 within a network, of means over seeds at each size."""

    def of_network(rows: DataFrame, name: str) -> list[Measured]:
        names = ["R", "test_error"]
        table = rows.set_index(["seed", "train_size"])[names].unstack("train_size")
        values = np.stack([np.log(table[name]) for name in names], axis=1)

        def z(seeds: NDArray) -> float:
            rho = correlations(*np.nanmean(seeds, axis=0))
            return float(np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12)))

        value = float(np.tanh(z(values)))
        limits = of_z(jackknife(z, values)) if len(values) >= FEWEST_TRAININGS else None
        meets = None if isnan(value) else Range(low=0.9)
        return [Measured(value, limits, meets, few(len(values)), name)]

    return of_each_network(tables, of_network, with_error=True)


def no_family_departs(tables: Tables) -> Outcome:
    """At equal R_f families have one mean ln error, within the authors' scatter.

    Families: with batch norm, with skip connections, deep; residuals of our own fit, over networks.
    NotTested where the errors scatter by less than that margin: it then says nothing.
    """
    selection = _networks(tables)
    rows = selection.rows[selection.rows["architecture"].isin(LAYERS)]
    points = architectures(rows, ["test_error", "R"])
    margin = scatter_of_authors()
    ours = float(np.std(np.log(points["test_error"]), ddof=1))
    if not ours > margin:
        raise NotTested(
            f"ln ε scatters by {ours:.2g} over {len(points)} networks, the margin is {margin:.2g}:"
            " in so narrow a range it says nothing."
        )
    names = points["architecture"]
    families = {
        "with batch norm": names.map(has_batch_norm),
        "with skip connections": names.isin(RESIDUAL),
        f"more than {DEEP} layers": names.map(LAYERS) > DEEP,
    }
    parts = [
        _departure(points, family.astype(bool), name, Range(-margin, margin))
        for name, family in families.items()
    ]
    return Outcome(parts, left_out(selection.left_out))


def scatter_of_authors() -> float:
    """Return the standard deviation of ln error of the authors' 15 networks around their fit."""
    r = authors(4, "R").set_index("network")["value"]
    error = authors(4, "test_error").set_index("network")["value"].reindex(r.index)
    residuals = _residuals(np.log(r.to_numpy()), np.log(error.to_numpy()))
    return float(np.std(residuals, ddof=2))


def _departure(points: DataFrame, family: Series, label: str, meets: Range) -> Measured:
    inside = family.to_numpy()
    if min(inside.sum(), (~inside).sum()) < FEWEST_EACH:
        return Measured(label=label, detail=f"fewer than {FEWEST_EACH} networks, or others")
    x, y = (np.log(points[name].to_numpy()) for name in ("R", "test_error"))

    def difference(drawn: NDArray) -> NDArray:
        residuals, member = _residuals(x[drawn], y[drawn]), inside[drawn]
        means = [
            np.where(chosen.any(-1), (residuals * chosen).sum(-1), np.nan)
            / np.maximum(chosen.sum(-1), 1)
            for chosen in (member, ~member)
        ]
        return means[0] - means[1]

    value = float(difference(np.arange(len(x))))
    return Measured(value, bootstrap(difference, len(x)), meets, label=label)


def _residuals(x: NDArray, y: NDArray) -> NDArray:
    """Return y less its least-squares line in x, along the last axis."""
    line = fits.slopes(x, y)[..., None] * (x - x.mean(-1, keepdims=True))
    return y - y.mean(-1, keepdims=True) - line


def _networks(tables: Tables) -> Selection:
    selection = networks(tables, with_error=True)
    if selection.rows["architecture"].nunique() < FEWEST_POINTS:
        raise NotTested(f"Fewer than {FEWEST_POINTS} networks learned.")
    return selection
