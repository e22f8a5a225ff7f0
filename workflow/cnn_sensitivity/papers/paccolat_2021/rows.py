"""What the figures and claims take from the tables: numbers of one training each. No torch.

All tables here have the columns KEYS and `value`, a row a training.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, concat

from cnn_sensitivity.analysis.regimes import LAZY_FROM

Tables = dict[str, DataFrame]

KEYS = ["experiment", "dataset", "dimension", "options", "train_size", "seed"]
MOST_ERROR = 0.25
"""Networks that err more are left out of learning curves, as the authors do [code: get_lc]."""
SIZES = (200, 6400)
"""Over which the criterion has lambda grow."""
STRIPE, CYLINDER = "stripe", "cylinder"
T_STAR, END, INITIAL = "t_star", "trained", "initial"
"""States of the measured networks; the rows of a path say `last` of the end."""


def of_task(rows: DataFrame, task: str) -> DataFrame:
    """Return the rows on the stripe, or on the cylinder."""
    return rows[rows["dataset"].astype(str).str.startswith(task)]


def compressions(tables: Tables, state: str, lazy: bool = False) -> DataFrame:
    """Return lambda of each flow's first layer in a state of its path: initial, t_star, last.

    Flows that did not come to the state have no row.
    """
    paths = regime(tables.get("paths"), lazy)
    rows = paths[in_state(paths, state)]
    return _values(rows, rows["weights_informative"] / rows["weights_uninformative"])


def spanning(rows: DataFrame) -> DataFrame:
    """Return the rows within SIZES of the experiments that have both ends.

    Others have fewer trainings at each size, and a few sizes that scatter more spoil a slope.
    """
    rows = rows[rows["train_size"].between(*SIZES)]
    whole = rows.groupby("experiment")["train_size"].agg(["min", "max"])
    names = whole.index[(whole["min"] == SIZES[0]) & (whole["max"] == SIZES[1])]
    return rows[rows["experiment"].isin(names)]


def regime(paths: DataFrame | None, lazy: bool) -> DataFrame:
    """Return the rows of the paths in the lazy or in the feature regime."""
    if paths is None:
        columns = [*KEYS, "alpha", "state", "weights_informative", "weights_uninformative"]
        return DataFrame(columns=columns)
    return paths[(paths["alpha"] >= LAZY_FROM) == lazy]


def in_state(paths: DataFrame, state: str) -> NDArray[np.bool_]:
    """Return which rows of paths are those of a state."""
    names = paths["state"].fillna("").astype(str).str.split()
    return np.array([state in each for each in names], dtype=bool)


def networks(tables: Tables, state: str = END) -> DataFrame:
    """Return the test errors of the measured networks in a state; those at initialisation have none
    of their own."""
    rows = _measured(tables)
    rows = rows[rows["state"] == state].drop_duplicates(KEYS)
    return _values(rows, rows["test_error"])


def measured(tables: Tables, quantity: str, state: str = END) -> DataFrame:
    """Return a measured number of the networks in a state; of modes, all of them, with `mode`."""
    rows = _measured(tables)
    rows = rows[(rows["quantity"] == quantity) & (rows["state"] == state)]
    return _values(rows, rows["value"], *(["mode"] if "mode" in rows else []))


def machines(tables: Tables) -> DataFrame:
    """Return the test errors of the machines with the analytic kernel of the lazy network."""
    rows = tables.get("machines")
    if rows is None:
        return DataFrame(columns=[*KEYS, "value"])
    return _values(rows, rows["test_error"])


def below_most_error(rows: DataFrame) -> DataFrame:
    """Leave out the trainings that err more than MOST_ERROR."""
    return rows[rows["value"] <= MOST_ERROR]


def curves(rows: DataFrame) -> Iterator[tuple[str, int, DataFrame]]:
    """Yield the rows of each data set and network, with its name and its dimension.

    Several experiments may give one curve.
    """
    networks = rows[["dataset", "options"]].drop_duplicates()
    for (dataset, options), curve in rows.groupby(["dataset", "options"], sort=False):
        dimension = int(curve["dimension"].iloc[0])
        name = f"{str(dataset).split()[0]}, d = {dimension}"
        several = int((networks["dataset"] == dataset).sum()) > 1
        yield f"{name}, {options}" if several else name, dimension, curve


def paired(above: DataFrame, below: DataFrame) -> DataFrame:
    """Return both values of the trainings that have both: `value` and `value_below`."""
    return above.merge(below[[*KEYS, "value"]], on=KEYS, suffixes=("", "_below"))


def over_seeds(rows: DataFrame, geometric: bool = False) -> DataFrame:
    """Return mean, low, high and seeds at each size; low and high are two standard errors away.

    The mean is the authors' over their seeds, or that of the logarithms.
    """
    values = np.log(rows["value"]) if geometric else rows["value"]
    groups = values.groupby(rows["train_size"])
    table = groups.agg(mean="mean", error="sem", seeds="count")
    spread = 2 * table["error"].fillna(0)
    table = table.assign(low=table["mean"] - spread, high=table["mean"] + spread)
    if geometric:
        table[["mean", "low", "high"]] = np.exp(table[["mean", "low", "high"]])
    return table.drop(columns="error").reset_index()


def joined(parts: list[DataFrame]) -> DataFrame:
    """Return tables one after the other; an empty one without any."""
    return concat(parts, ignore_index=True) if parts else DataFrame()


def _measured(tables: Tables) -> DataFrame:
    rows = tables.get("measurements")
    if rows is None:
        rows = DataFrame(columns=[*KEYS, "state", "quantity", "value", "test_error"])
        return rows.assign(input_size=[])
    return rows.drop(columns="dimension", errors="ignore").rename(
        columns={"input_size": "dimension"}
    )


def _values(rows: DataFrame, values: Series, *others: str) -> DataFrame:
    chosen = rows[[*KEYS, *others]].assign(value=np.asarray(values, dtype=float))
    return chosen.reset_index(drop=True)
