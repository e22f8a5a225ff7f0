"""Claims on what R_f owes to how it is measured: displacement, interpolation, average."""

import numpy as np
from pandas import DataFrame, Series

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.statistics import (
    FEWEST_POINTS,
    Sample,
    bootstrap_interval,
    sampling_interval,
    spearman,
)
from cnn_sensitivity.papers.petrini_2021.claims.stability import networks
from cnn_sensitivity.papers.petrini_2021.rows import RESIDUAL, measured, whole_split
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.networks import ratio
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

WINDOW = (0.5, 1.0, 2.0)
"""Displacements across which the order of networks is compared, in pixels."""
SAME_ORDER = Range(low=0.9)


def same_order_across_displacements(tables: Tables) -> Outcome:
    """Networks in one order at .5, 1 and 2 pixels; R_f smallest within a factor 2 of one pixel."""
    selection = measured(evidence.table(tables, "sensitivity"), displacement=None)
    rows = whole_split(selection.rows)
    swept = rows.groupby("experiment")["displacement"].transform("nunique") if len(rows) else None
    rows = rows[swept > 1] if swept is not None else rows
    if rows.empty:
        raise NotTested("No network was measured at several displacements.")
    parts = [
        _order(rows, "displacement", WINDOW[1], other, f"order at {other:g} and 1 pixel")
        for other in (WINDOW[0], WINDOW[2])
    ]
    stable = rows[rows["architecture"].isin(RESIDUAL)]
    for name, network in stable.groupby("network"):
        parts.append(_minimum(network, str(name)))
    return Outcome(parts, left_out(selection.left_out))


def same_with_either_interpolation(tables: Tables) -> Outcome:
    """|ln R(linear) - ln R(Gaussian)| < .4 for each network."""
    selection = measured(evidence.table(tables, "sensitivity"), interpolation=None)
    linear, gaussian = (
        selection.rows[selection.rows["interpolation"] == kind] for kind in ("linear", "gaussian")
    )
    if gaussian.empty:
        raise NotTested("Nothing was measured with Gaussian interpolation.")
    meets = Range(float(np.exp(-0.4)), float(np.exp(0.4)))
    parts = [
        ratio(rows, gaussian, "R", meets, f"{name}, linear over Gaussian")
        for name, rows in linear[linear["network"].isin(gaussian["network"])].groupby("network")
    ]
    return Outcome(parts, left_out(selection.left_out))


def same_order_by_either_average(tables: Tables) -> Outcome:
    """Networks in one order by means and by medians, though the values differ."""
    selection = networks(tables, average=None)
    rows = selection.rows
    if rows["average"].nunique() < 2:
        raise NotTested("The run has one average.")
    means, medians = (rows[rows["average"] == kind] for kind in ("mean", "median"))
    parts = [_order(rows, "average", "median", "mean", "order of the networks")]
    both = means[means["network"].isin(medians["network"])]
    # Over networks and seeds: all of them count as seeds of one ratio.
    above, below = (
        each.assign(seed=each["network"] + each["seed"].astype(str)) for each in (both, medians)
    )
    parts.append(ratio(above, below, "R", ABOVE_ONE, "R by means over R by medians"))
    return Outcome(parts, left_out(selection.left_out))


def _order(rows: DataFrame, column: str, one: object, other: object, label: str) -> Measured:
    """Return Spearman's correlation across networks of their R under two measurements."""
    table = DataFrame(
        {
            name: _means(rows[rows[column] == value], quantity)
            for name, value, quantity in (
                ("one", one, "R"),
                ("other", other, "R"),
                ("one_error", one, "R_error"),
                ("other_error", other, "R_error"),
            )
            if quantity in rows
        }
    ).dropna(subset=["one", "other"])
    if len(table) < FEWEST_POINTS:
        return Measured(label=label, detail=f"fewer than {FEWEST_POINTS} networks have both")

    def correlation(sample: Sample) -> float:
        return spearman(sample["one"], sample["other"])

    errors = {"one": "one_error", "other": "other_error"}
    low, high = sampling_interval(correlation, table, errors)
    return Measured(correlation(table), low, high, SAME_ORDER, label=label)  # type: ignore[arg-type]


def _means(rows: DataFrame, quantity: str) -> Series:
    return np.exp(np.log(rows[quantity]).groupby(rows["network"]).mean())


def _minimum(network: DataFrame, name: str) -> Measured:
    """Return the displacement at which R is smallest, the mean over seeds."""

    def place(sample: Sample) -> float:
        shifts, position = np.unique(sample["displacement"], return_inverse=True)
        means = np.bincount(position, np.log(sample["R"])) / np.bincount(position)
        return float(shifts[means.argmin()])

    if network["seed"].nunique() > 1:
        low, high = bootstrap_interval(place, network, groups=["seed"])
    else:
        low, high = sampling_interval(place, network, {"R": "R_error"})
    label = f"{name}, displacement of the smallest R"
    return Measured(place(network), low, high, Range(0.5, 2), label=label)  # type: ignore[arg-type]
