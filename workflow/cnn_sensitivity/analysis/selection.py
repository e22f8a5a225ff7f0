"""What figures and claims select from the tables, and what they leave out and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas
from pandas import DataFrame

RUN = ["experiment", "network", "noise", "train_size", "seed"]
"""The columns that tell one trained network of a table from another."""

QUANTITIES = ("D", "G", "R")


@dataclass(frozen=True)
class Selection:
    """The rows that can be shown, and how many runs or layers were left out for each reason."""

    rows: DataFrame
    left_out: Counter[str] = field(default_factory=Counter)


def learned(table: DataFrame) -> Selection:
    """Leave out the runs that diverged or did not learn."""
    diverged, fitted = _flag(table, "diverged"), _flag(table, "learned")
    reasons = Counter(
        {
            "runs that diverged": _count_runs(table[diverged]),
            "runs that did not learn": _count_runs(table[~diverged & ~fitted]),
        }
    )
    return Selection(table[~diverged & fitted], +reasons)


def filters(spectrum: DataFrame) -> Selection:
    """Leave out, besides, the layers whose filters are all zero: no mode has a share of them."""
    selection = learned(spectrum)
    layer = [*RUN, "state", "layer_index"]
    total = selection.rows.groupby(layer)["gamma"].transform("sum")
    zero = selection.rows[~(total > 0)]
    reasons = Counter(selection.left_out)
    reasons["layers whose filters are all zero"] = len(zero[layer].drop_duplicates())
    return Selection(selection.rows[total > 0], +reasons)


def outputs(sensitivity: DataFrame, state: str = "trained", with_error: bool = True) -> Selection:
    """Return the row of the output of every run: unshuffled, with D, G, R that have a logarithm.

    `with_error` leaves out runs whose test error has none.
    """
    selection = learned(sensitivity)
    rows = last_layers(_of(selection.rows, state, "original"))
    measured = _measurable(rows)
    reasons = Counter(selection.left_out)
    reasons["runs whose output is constant or not finite"] = int((~measured).sum())
    rows = rows[measured]
    if with_error:
        positive = rows["test_error"].to_numpy(dtype=float) > 0
        reasons["runs with test error 0, which has no logarithm"] = int((~positive).sum())
        rows = rows[positive]
    return Selection(rows.reset_index(drop=True), +reasons)


def curves(sensitivity: DataFrame) -> Selection:
    """Return one row for each block of every network, state and wiring: see `block_outputs`."""
    selection = learned(sensitivity)
    rows = block_outputs(selection.rows)
    measured = _measurable(rows)
    reasons = Counter(selection.left_out)
    reasons["layers whose representation is constant or not finite"] = int((~measured).sum())
    return Selection(rows[measured].reset_index(drop=True), +reasons)


BLOCK_OUTPUTS = "the points are the outputs of the activations and the network's output"


def block_outputs(sensitivity: DataFrame) -> DataFrame:
    """Return the rows of the activations and of the network's output.

    Activations inside a gate (squeeze and excitation) are not a representation of the image.
    """
    table = sensitivity.reset_index(drop=True)
    layers = table["layer"].astype(str)
    ends = layers[layers.str.endswith(".scale_activation")].unique()
    gates = [layer.removesuffix(".scale_activation") for layer in ends]
    inside = layers.isin([f"{gate}.{name}" for gate in gates for name in _GATE])
    is_last = table["index"] == table.groupby([*RUN, "state", "wiring"])["index"].transform("max")
    return table[(table["kind"].eq("activation") & ~inside) | is_last]


_GATE = ("activation", "scale_activation")


def last_layers(sensitivity: DataFrame) -> DataFrame:
    """Return the output's row of every run, state and wiring: that of the largest index."""
    table = sensitivity.reset_index(drop=True)
    if table.empty:
        return table
    return table.loc[table.groupby([*RUN, "state", "wiring"])["index"].idxmax()]


def most_images(table: DataFrame) -> DataFrame:
    """Return, for each experiment, the runs with the most training images."""
    if table.empty:
        return table
    return table[table["train_size"] == table.groupby("experiment")["train_size"].transform("max")]


def over_seeds(rows: DataFrame, by: Sequence[str], value: str) -> DataFrame:
    """Return mean, low, high (over seeds) and seeds, of column `value`, for each group of `by`."""
    groups = rows.groupby(list(by), sort=False)[value]
    return groups.agg(mean="mean", low="min", high="max", seeds="count").reset_index()


def spectra(table: DataFrame) -> DataFrame:
    """Return the weight of each mode within its layer, the mean over its eigenspace and over seeds.

    Columns: network, state, layer_index, layer, depth (0 first to 1 last layer), filter_size,
    mode (the mean number of the eigenspace's modes), eigenvalue, modes (how many), weight (the
    weights of all modes of a layer sum to one).
    """
    table = table.assign(eigenvalue=table["eigenvalue"].round(9))
    layer = ["network", "state", "seed", "layer_index"]
    table["weight"] = table["gamma"] / table.groupby(layer)["gamma"].transform("sum")
    space = ["network", "state", "layer_index", "layer", "filter_size", "eigenvalue"]
    one_seed = table.groupby([*space, "seed"], sort=False, as_index=False).agg(
        mode=("mode", "mean"), modes=("mode", "count"), weight=("weight", "mean")
    )
    mean = one_seed.groupby(space, sort=False, as_index=False).agg(
        mode=("mode", "first"), modes=("modes", "first"), weight=("weight", "mean")
    )
    deepest = mean.groupby("network")["layer_index"].transform("max").clip(lower=1)
    return mean.assign(depth=mean["layer_index"] / deepest)


def _of(table: DataFrame, state: str, wiring: str) -> DataFrame:
    return table[(table["state"] == state) & (table["wiring"] == wiring)]


def _measurable(rows: DataFrame) -> pandas.Series:
    values = rows[list(QUANTITIES)].to_numpy(dtype=float)
    positive = np.all(np.isfinite(values) & (values > 0), axis=1)
    return pandas.Series(positive, index=rows.index) & ~_flag(rows, "flagged")


def _flag(table: DataFrame, column: str) -> pandas.Series:
    """Return a column of truth values, which may have been read from text."""
    return table[column].astype(str).str.lower().isin(["true", "1", "1.0"])


def _count_runs(table: DataFrame) -> int:
    return len(table[RUN].drop_duplicates())
