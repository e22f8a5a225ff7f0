"""Claims on what R_f owes to how it is measured: displacement, interpolation, average."""

from functools import partial

import numpy as np
from pandas import DataFrame, Series

from cnn_sensitivity.analysis.intervals import of_logs, rank, student
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.sampling import Sample, sampling_interval
from cnn_sensitivity.analysis.statistics import FEWEST_POINTS, spearman
from cnn_sensitivity.analysis.units import architectures
from cnn_sensitivity.papers.petrini_2021.claims.stability import networks
from cnn_sensitivity.papers.petrini_2021.rows import RESIDUAL, measured, whole_split
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.correlations import of_networks
from cnn_sensitivity.scorecard.evidence import Tables
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
    """On CIFAR-10: networks in one order at .5, 1 and 2 pixels; R_f smallest near one pixel."""
    selection = measured(evidence.table(tables, "sensitivity"), displacement=None)
    rows = evidence.of_cifar_10(whole_split(selection.rows))
    rows = rows[rows.groupby("experiment")["displacement"].transform("nunique") > 1]
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
        trainings.ratio(rows, gaussian, "R", meets, f"{name}, linear over Gaussian")
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
    parts.append(_means_over_medians(means, medians))
    return Outcome(parts, left_out(selection.left_out))


def _means_over_medians(means: DataFrame, medians: DataFrame) -> Measured:
    """Return R by means over R by medians, the geometric mean over networks."""
    by_network = (architectures(rows, ["R"]).set_index("architecture") for rows in (means, medians))
    logs = Series(np.log(next(by_network)["R"] / next(by_network)["R"])).dropna()
    label, limits = "R by means over R by medians", of_logs(student(logs))
    return Measured(float(np.exp(logs.mean())), limits, ABOVE_ONE, f"{len(logs)} networks", label)


def _order(rows: DataFrame, column: str, one: object, other: object, label: str) -> Measured:
    """Return Spearman's correlation across networks of their R under two measurements."""
    of_each = [
        architectures(rows[rows[column] == value], ["R"]).set_index("architecture")["R"]
        for value in (one, other)
    ]
    points = DataFrame(dict(zip(("one", "other"), of_each, strict=True))).dropna().reset_index()
    if len(points) < FEWEST_POINTS:
        return Measured(label=label, detail=f"fewer than {FEWEST_POINTS} networks have both")

    def rho(chosen: DataFrame) -> float:
        return spearman(chosen["one"], chosen["other"])

    limits = rank(points["one"], points["other"])
    return Measured(rho(points), limits, SAME_ORDER, of_networks(points, rho), label)


def _minimum(network: DataFrame, name: str) -> Measured:
    """Return the displacement at which R is smallest, the geometric mean over trainings."""

    def place(sample: Sample) -> float:
        shifts, position = np.unique(sample["displacement"], return_inverse=True)
        means = np.bincount(position, np.log(sample["R"])) / np.bincount(position)
        return float(shifts[means.argmin()])

    label = f"{name}, displacement of the smallest R"
    over_images = partial(sampling_interval, place, network, {"R": "R_error"})
    values = trainings.each(network, place)
    return trainings.positive(values, Range(0.5, 2), label, over_images=over_images)
