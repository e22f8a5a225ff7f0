"""P21's simple model: networks and kernel machines on C21's stripe, a row a training. No torch.

What the model is follows from the authors' slides and from C21's code; that D is of steps along the
uninformative coordinates, and which steps, is inferred: the paper's own text is not known.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from cnn_sensitivity.analysis.regimes import LAZY_FROM
from cnn_sensitivity.analysis.selection import learned

FEATURE, LAZY, MACHINE = "feature flow", "lazy flow", "lazy kernel"
"""Regimes: flows with a small and with a large alpha, and the machine with the kernel of the
infinitely wide lazy network."""
END, T_STAR = "trained", "t_star"
"""States of flows; at t* a tenth of the points is fitted."""
CURVE = ["dataset", "dimension", "options", "regime"]
QUANTITIES = ["D", "G", "R"]


class Curve(NamedTuple):
    """The trainings of one network in one regime, of all P."""

    name: str
    regime: str
    dimension: int
    rows: DataFrame


def trainings(table: DataFrame, state: str = END) -> DataFrame:
    """Return D, G, R and lambda of the trainings that learned, in a state.

    Columns: CURVE, train_size, seed, D, G, R, lambda; lambda is nan where it was not measured. Of
    measurements with several steps the one with the smallest counts: the law is of small steps.
    """
    rows = learned(table).rows
    rows = rows[rows["state"] == state]
    step = _column(rows, "step")
    rows = rows[step.isna() | (step == step.min())]
    rows = rows.assign(dimension=rows["input_size"].astype(int), regime=regimes(rows))
    keys = [*CURVE, "train_size", "seed"]
    wide = rows.pivot_table(index=keys, columns="quantity", values="value")
    wide = wide.reindex(columns=[*QUANTITIES, "lambda"])
    return wide[(wide[QUANTITIES] > 0).all(axis=1)].reset_index().rename_axis(columns=None)


def regimes(rows: DataFrame) -> Series:
    """Return the regime of each row, by its alpha: kernel machines have none."""
    alpha = _column(rows, "alpha")
    named = np.where(alpha.isna(), MACHINE, np.where(alpha < LAZY_FROM, FEATURE, LAZY))
    return Series(named, index=rows.index)


def curves(rows: DataFrame) -> Iterator[Curve]:
    """Yield the rows of `trainings` by data set, network and regime."""
    for _, curve in rows.groupby(CURVE, sort=False):
        first = curve.iloc[0]
        name = f"{first['regime']}, d = {first['dimension']}"
        alike = rows[(rows[["regime", "dimension"]] == first[["regime", "dimension"]]).all(axis=1)]
        if alike["options"].nunique() > 1:
            name += f", {first['options']}"
        yield Curve(name, first["regime"], int(first["dimension"]), curve)


def judged(curve: Curve) -> DataFrame:
    """Return the rows that a slope is taken of: in the feature regime where lambda^2 > d.

    lambda is the geometric mean over the trainings of one P.
    """
    if curve.regime != FEATURE:
        return curve.rows
    logs = np.log(curve.rows["lambda"]).groupby(curve.rows["train_size"]).transform("mean")
    return curve.rows[2 * logs > np.log(curve.dimension)]


def of_weights(rows: DataFrame) -> NDArray[np.float64]:
    """Return R = d/(d - 1 + lambda^2), what small steps give if all neurons are alike (inferred).

    Where noise is not as large as the step, but has one more coordinate, it is (d - 1)/d of this.
    """
    dimension = rows["dimension"].to_numpy(dtype=float)
    return dimension / (dimension - 1 + rows["lambda"].to_numpy(dtype=float) ** 2)


def _column(rows: DataFrame, name: str) -> Series:
    """Return a column that is there only if some run has it."""
    return rows[name] if name in rows else Series(np.nan, index=rows.index)
