"""Claims on how far the tangent kernel moves."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.fits import slopes
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import crossovers, kernel_changes
from cnn_sensitivity.scorecard import trainings
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range

LAZY = 0.1
"""Of |Theta - Theta_0| / |Theta_0|: below it a network counts as lazy."""


def crossover_is_flat(tables: Tables) -> Outcome:
    """The slope of ln alpha* against ln h, of each seed, over the widths at which all fit."""
    table(tables, "crossover")
    found = crossovers(tables)
    seeds = found["seed"].nunique()
    there = found[found["fitted"]].groupby(WIDTH)["seed"].transform("size") == seeds
    above = found[found["fitted"]][there]
    if above.empty or above[WIDTH].nunique() < 3:
        raise NotTested("Fewer than three widths at which all networks fit have a cross-over.")
    alphas = above.pivot_table(index="seed", columns=WIDTH, values=ALPHA)
    logs = np.log(alphas.to_numpy())
    x = np.broadcast_to(np.log(alphas.columns.to_numpy(dtype=float)), logs.shape)
    means = ", ".join(
        f"{alpha:.3g} at {width}"
        for width, alpha in zip(alphas.columns, np.exp(logs.mean(0)), strict=True)
    )
    return Outcome([trainings.signed(slopes(x, logs), Range(-0.15, 0.15))], f"α*: {means}.")


def change_falls(tables: Tables) -> Outcome:
    """The slope of ln change against ln alpha where the change is small, at each width."""
    table(tables, "kernel_change")
    rows = kernel_changes(tables)
    parts = [_part(of_width) for _, of_width in rows.groupby(WIDTH)]
    kept = [part for part in parts if part is not None]
    if not kept:
        raise NotTested("No width has two α at which all networks fit and are lazy.")
    return Outcome(kept)


def _part(rows: DataFrame) -> Measured | None:
    """Return the slope at one width; None where fewer than two alphas are lazy and fit."""
    points = rows.groupby(ALPHA).agg(fitted=("fitted", "all"), change=("change", _mean))
    lazy = points[points["fitted"] & (points["change"] < LAZY)].index
    if len(lazy) < 2:
        return None
    rows = rows[rows[ALPHA].isin(lazy)]
    changes = rows.pivot_table(index="seed", columns=ALPHA, values="change")
    x = np.broadcast_to(np.log(changes.columns.to_numpy(dtype=float)), changes.shape)
    return trainings.signed(
        slopes(x, np.log(changes.to_numpy())), Range(-1.2, -0.8), f"h = {rows[WIDTH].iloc[0]}"
    )


def _mean(values: DataFrame) -> float:
    return float(np.exp(np.mean(np.log(values))))
