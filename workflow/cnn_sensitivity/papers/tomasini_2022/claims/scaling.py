"""Claims on the power laws of the trained one-dimensional networks."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis import power_laws
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.sampling import Sample
from cnn_sensitivity.analysis.selection import learned
from cnn_sensitivity.papers.tomasini_2022.experiments import ONE_DIMENSIONAL
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range

# (expected exponent, tolerance) without and with stride, of D_k ~ A_k^-alpha and G_k ~ A_k^alpha.
TOLERANCES = {"D": ((2.0, 0.4), (1.0, 0.3)), "G": ((1.0, 0.3), (1.0, 0.3))}


def exponent(quantity: str, tables: Tables) -> Outcome:
    """The fitted exponent of each training, without and with stride."""
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

    values = trainings.each(rows, fit)
    if not values or not np.isfinite(values).all():
        why = "no network that learned" if rows.empty else "fewer than two layers to fit"
        return Measured(label=label, detail=why)
    return trainings.signed(values, Range(expected - tolerance, expected + tolerance), label)
