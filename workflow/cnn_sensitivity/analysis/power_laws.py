"""The power laws of the trained one-dimensional networks: D_k and G_k against A_k (Figure 7)."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.theory import (
    effective_receptive_field,
    fit_power_law,
    receptive_field,
)
from cnn_sensitivity.base.errors import UserError

RULE = "layers whose receptive field is narrower than the scale ξ of the task"


@dataclass(frozen=True)
class Geometry:
    """Filter size, stride and number of blocks of a simple one-dimensional network."""

    filter_size: int
    stride: int
    blocks: int


def geometry(options: str) -> Geometry:
    """Return the geometry in the JSON text of a network's options.

    Raises UserError if one of filter_size, stride and blocks is not there.
    """
    values = json.loads(options)
    try:
        return Geometry(int(values["filter_size"]), int(values["stride"]), int(values["blocks"]))
    except KeyError as missing:
        raise UserError(f"the options {options} of a 1D network lack {missing}") from None


def layers(sensitivity: DataFrame) -> DataFrame:
    """Return the trained, unshuffled activations with layer (1, 2, ...), A and `fitted`.

    `fitted` says whether a layer belongs to the range of the power laws: see RULE. At ξ they end:
    what sees a whole block of task 2 can ignore where in it a pixel lies. Added columns:
    filter_size, stride, layer, A (pixels), field (largest receptive field, pixels).
    """
    table = sensitivity[
        (sensitivity["state"] == "trained")
        & (sensitivity["wiring"] == "original")
        & (sensitivity["kind"] == "activation")
    ].copy()
    run = ["network", "train_size", "noise", "seed"]
    table["layer"] = table.groupby(run)["index"].rank(method="first").astype(int)
    parts = [_with_geometry(rows, str(options)) for options, rows in table.groupby("options")]
    if not parts:
        added = ["filter_size", "stride", "A", "field", "fitted"]
        return table.reindex(columns=[*table.columns, *added])
    return concat(parts, ignore_index=True)


def with_measured_widths(layers: DataFrame, receptive_field: DataFrame) -> DataFrame:
    """Return the layers with A as it was measured in the same network, in place of the formula's.

    Layers of which no pixel reaches a unit are left out.
    """
    run = ["experiment", "network", "train_size", "noise", "seed"]
    trained = receptive_field[receptive_field["state"] == "trained"].dropna(subset="measured_A")
    widths = trained.assign(layer=trained["k"])[[*run, "layer", "measured_A"]]
    both = layers.merge(widths, on=[*run, "layer"])
    return both.assign(A=both["measured_A"])


def unusable(layers: DataFrame) -> Counter[str]:
    """Count the layers without a place on logarithmic axes, as captions do."""
    positive = (layers["D"] > 0) & (layers["G"] > 0)
    reason = "layers whose representation is constant or not finite"
    return +Counter({reason: int((~positive).sum())})


def exponent(a: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the exponent of values ~ A^exponent; nan for fewer than two layers."""
    if len(np.unique(a)) < 2:
        return float("nan")
    return fit_power_law(a, values).exponent


def _with_geometry(rows: DataFrame, options: str) -> DataFrame:
    shape = geometry(options)
    depth = int(rows["layer"].max())
    widths = effective_receptive_field(shape.filter_size, shape.stride, depth)
    fields = receptive_field([(shape.filter_size, shape.stride)] * depth)
    layer = rows["layer"].to_numpy() - 1
    values = rows[["D", "G"]].to_numpy(dtype=float)
    positive = np.all(np.isfinite(values) & (values > 0), axis=1)
    return rows.assign(
        filter_size=shape.filter_size,
        stride=shape.stride,
        A=widths[layer],
        field=fields[layer],
        fitted=(fields[layer] < rows["scale"]) & positive,
    )
