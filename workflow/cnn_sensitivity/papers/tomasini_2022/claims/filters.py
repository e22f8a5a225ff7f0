"""Claims on filters: the spectra of trained networks, and networks with constant filters."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import Limits, bootstrap, exactly
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import filters
from cnn_sensitivity.analysis.statistics import log_slope
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range

RANGES = (
    "Without stride fitted over the later half of the layers; with stride D over layers 1 to 5,"
    " G over all."
)


def low_modes_dominate(tables: Tables) -> Outcome:
    """The constant mode's weight: trained, above 1.5/F^2 in most layers; before, 1/F^2 +- 10 %.

    Layers count alike, seeds of a network are averaged first, and the interval is over networks. At
    initialisation the layers' mean is judged, since the few filters of one layer scatter by more
    than 10 %.
    """
    selection = filters(evidence.clean(evidence.table(tables, "spectrum", "images")))
    layers = constant_mode(selection.rows)
    trained, initial = (layers[layers["state"] == state] for state in ("trained", "initial"))
    if trained.empty or initial.empty:
        raise NotTested(f"No network with filters learned. {left_out(selection.left_out)}".strip())
    share = _mean(trained.assign(excess=(trained["excess"] > 1.5).astype(float)))
    before = _mean(initial)
    networks = f"{trained['network'].nunique()} networks"
    parts = [
        Measured(*share, Range(low=0.5 + 2**-53), networks, "share of trained layers above 1.5/F²"),
        Measured(*before, Range(0.9, 1.1), networks, "mean weight times F² at initialisation"),
    ]
    return Outcome(parts, left_out(selection.left_out))


def constant_mode(spectrum: DataFrame) -> DataFrame:
    """Return network, seed, state, layer_index and excess: F^2 times the constant mode's weight."""
    layer = ["network", "seed", "state", "layer_index"]
    excess = spectrum["gamma"] / spectrum.groupby(layer)["gamma"].transform("mean")
    return spectrum.assign(excess=excess).loc[spectrum["mode"] == 1, [*layer, "excess"]]


def _mean(layers: DataFrame) -> tuple[float, Limits]:
    """Return the mean over the layers of all networks, and its interval over networks."""
    of_layers = layers.groupby(["network", "layer_index"])["excess"].mean().groupby("network")
    sums, counts = of_layers.sum().to_numpy(), of_layers.count().to_numpy()

    def mean(drawn: NDArray) -> NDArray:
        return sums[drawn].sum(-1) / counts[drawn].sum(-1)

    return float(mean(np.arange(len(sums)))), bootstrap(mean, len(sums))


def constant_filter_scaling(tables: Tables) -> Outcome:
    """Slopes against k: -1 and 1/2 without stride; a factor 2^-1 and 2^1 per layer with stride 2.

    Without stride over the later half of the layers, where the power laws have set in. With stride
    D over layers 1 to 5, as far as the paper's own network follows 2^-k, and G over all.
    """
    table = evidence.table(tables, "theory")
    parts = []
    flat, strided = (table[table["stride"] == stride].sort_values("layer") for stride in (1, 2))
    if len(flat):
        late = flat[flat["layer"] >= flat["layer"].max() / 2]
        parts += [
            _slope("D, no stride", log_slope(late["layer"], late["D"]), -1),
            _slope("G, no stride", log_slope(late["layer"], late["G"]), 0.5),
        ]
    if len(strided):
        parts += [
            _slope(
                "log2 D per layer, stride 2", _doublings(strided[strided["layer"] <= 5], "D"), -1
            ),
            _slope("log2 G per layer, stride 2", _doublings(strided, "G"), 1),
        ]
    if len(parts) < 4:
        case = "stride 2" if len(flat) else "stride 1"
        parts.append(Measured(detail="there is no such network", label=case))
    return Outcome(parts, RANGES)


def _doublings(rows: DataFrame, quantity: str) -> float:
    if len(rows) < 2:
        return float("nan")
    return float(np.polyfit(rows["layer"], np.log2(rows[quantity]), 1)[0])


def _slope(label: str, value: float, expected: float) -> Measured:
    meets = None if np.isnan(value) else Range(expected - 0.05, expected + 0.05)
    return Measured(value, exactly(value), meets, label=label)
