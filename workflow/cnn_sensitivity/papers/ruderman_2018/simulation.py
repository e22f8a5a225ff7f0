"""The paper's own curves in the place of a run's: how often its claims would come out so. No torch.

Scatter over seeds is not published. It is the run's own: seeds are drawn around the paper's curve
with the covariance of the logarithms of the run's seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, concat, read_csv

from cnn_sensitivity.papers.ruderman_2018.authors import curve
from cnn_sensitivity.papers.ruderman_2018.claims import CLAIMS
from cnn_sensitivity.papers.ruderman_2018.experiments import (
    RANDOM,
    REAL,
    SMOOTHED,
    STRENGTHS,
    UNTRAINED,
    sigma,
)
from cnn_sensitivity.papers.ruderman_2018.rows import distances, smoothness
from cnn_sensitivity.scorecard.characteristics import Authors, Draw
from cnn_sensitivity.scorecard.evidence import Tables

LAST = 18
"""The last layer that Figures 2a and 5a show, of networks for ImageNet."""
_DISTANCES = {
    (UNTRAINED, "initial"): "2c",
    (REAL, "initial"): "2c",
    (REAL, "trained"): "2d",
    (RANDOM, "trained"): "5b",
}
_TheirCurve = Callable[[str, str, str], Series]
_VARIATIONS = {REAL: "4b", RANDOM: "4c", **dict.fromkeys(STRENGTHS, "3b")}


@dataclass(frozen=True)
class _Curves:
    """Rows of one kind, of curves that the paper has, and what to draw in their place."""

    rows: DataFrame
    column: str
    places: list[NDArray]
    """Of each curve the numbers of its rows, [seeds, places]."""
    theirs: list[NDArray]
    residuals: list[NDArray]
    """Of each curve the deviations of the run's logarithms from their mean, [seeds, places]."""

    def drawn(self, generator: np.random.Generator) -> DataFrame:
        values = self.rows[self.column].to_numpy(dtype=float).copy()
        for places, theirs, residuals in zip(self.places, self.theirs, self.residuals, strict=True):
            count = len(residuals)
            weights = generator.standard_normal((count, count)) / np.sqrt(max(count - 1, 1))
            values[places] = theirs * np.exp(weights @ residuals)
        return self.rows.assign(**{self.column: values})


def prepare(tables: Tables) -> Draw:
    """Return what draws tables with the paper's curves: see the module."""
    curves: dict[str, _Curves] = {}
    initial = _initial_filters(tables)
    if "cosine_distance" in tables:
        rows = _distance_rows(tables)
        curves["cosine_distance"] = _curves(rows, "distance", _distance_curve)
    if "spectrum" in tables:
        rows = _variation_rows(tables)
        curves["spectrum"] = _curves(rows, "total_variation", _variation_curve)

    def draw(generator: np.random.Generator) -> Tables:
        drawn = {kind: each.drawn(generator) for kind, each in curves.items()}
        if "spectrum" in drawn:
            drawn["spectrum"] = concat([drawn["spectrum"], initial], ignore_index=True)
        return {**tables, **drawn}

    return draw


def _initial_filters(tables: Tables) -> DataFrame:
    """Return the total variation of initial filters: the run's, of which the paper's do not differ.

    The first mode's rows, which alone have it."""
    table = tables.get("spectrum", DataFrame(columns=["state", "mode"]))
    return table[(table["state"] == "initial") & (table["mode"] == 1)]


def _distance_rows(tables: Tables) -> list[DataFrame]:
    cases = [*_DISTANCES, (SMOOTHED, "initial")]
    return [distances(tables, [experiment], state).rows for experiment, state in cases]


def _variation_rows(tables: Tables) -> list[DataFrame]:
    return [smoothness(tables, [experiment], "trained").rows for experiment in _VARIATIONS]


def _distance_curve(experiment: str, network: str, state: str) -> Series:
    if experiment != SMOOTHED:
        return curve(_DISTANCES[experiment, state], network)
    smoothed = sigma(network) > 0
    theirs = curve("5a", network) if smoothed else curve("2a", "StridedReLUCNN")
    return theirs[theirs.index == LAST]


def _variation_curve(experiment: str, network: str, _: str) -> Series:
    return curve(_VARIATIONS[experiment], experiment if experiment in STRENGTHS else network)


def _curves(parts: list[DataFrame], column: str, theirs_of: _TheirCurve) -> _Curves:
    rows = concat(parts, ignore_index=True)
    kept, places, theirs, residuals, start = [], [], [], [], 0
    for (experiment, network, state), group in rows.groupby(["experiment", "network", "state"]):
        published = theirs_of(str(experiment), str(network), str(state))
        if experiment == SMOOTHED:  # the last layer, which decides
            group = group[group["place"] == group["place"].max()]
            published = published.set_axis([group["place"].max()] * len(published))
        numbers = group.assign(row=np.arange(len(group)) + start)
        table = numbers.pivot_table(index="seed", columns="place", values="row")
        if table.isna().any(axis=None) or not set(table.columns) <= set(published.index):
            continue
        at = table.to_numpy(dtype=int)
        logs = np.log(group[column].to_numpy(dtype=float)[at - start])
        kept.append(group)
        places.append(at)
        theirs.append(published[table.columns].to_numpy(dtype=float))
        residuals.append(logs - logs.mean(0))
        start += len(group)
    return _Curves(
        concat(kept, ignore_index=True) if kept else rows.iloc[:0],
        column, places, theirs, residuals,
    )  # fmt: skip


AUTHORS = Authors(
    frozenset(claim.id for claim in CLAIMS),
    prepare,
    read_csv(Path(__file__).with_name("characteristics.csv")),
)
