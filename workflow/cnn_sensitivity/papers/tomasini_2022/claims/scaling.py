"""Claims on the power laws of the trained one-dimensional networks."""

from math import isnan

from pandas import DataFrame

from cnn_sensitivity.analysis import power_laws
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import learned
from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval
from cnn_sensitivity.papers.tomasini_2022.experiments import ONE_DIMENSIONAL
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome

# (expected exponent, tolerance) without and with stride, of D_k ~ A_k^-alpha and G_k ~ A_k^alpha.
TOLERANCES = {"D": ((2.0, 0.4), (1.0, 0.3)), "G": ((1.0, 0.3), (1.0, 0.3))}


def exponent(quantity: str, tables: Tables) -> Outcome:
    """The fitted exponent of all seeds together, without and with stride."""
    rows = evidence.clean(evidence.table(tables, "sensitivity", *ONE_DIMENSIONAL))
    selection = learned(rows)
    layers = power_laws.layers(selection.rows)
    if layers.empty:
        raise NotTested(f"No network learned. {left_out(selection.left_out)}".strip())
    fitted = layers[layers["fitted"].astype(bool)]
    cases = {
        "without stride": fitted[fitted["stride"] == 1],
        "with stride": fitted[fitted["stride"] > 1],
    }
    parts = [
        _exponent(quantity, case, label, *allowed)
        for (label, case), allowed in zip(cases.items(), TOLERANCES[quantity], strict=True)
    ]
    remark = f"Fitted over the {power_laws.RULE}. {left_out(selection.left_out)}".strip()
    return Outcome(parts, remark)


def _exponent(
    quantity: str, rows: DataFrame, label: str, expected: float, tolerance: float
) -> Measured:
    sign = -1 if quantity == "D" else 1

    def fit(sample: Sample) -> float:
        return sign * power_laws.exponent(sample["A"], sample[quantity])

    columns = rows[["network", "seed", "A", quantity]]
    value = fit({str(name): columns[name].to_numpy() for name in columns.columns})
    if isnan(value):
        why = "no network that learned" if rows.empty else "fewer than two layers to fit"
        return Measured(label=label, detail=why)
    low, high = bootstrap_interval(fit, columns)
    return Measured(value, low, high, abs(value - expected) <= tolerance, label=label)
