"""The rows of tables that figures and claims select. No torch."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.fits import slopes
from cnn_sensitivity.analysis.intervals import student
from cnn_sensitivity.analysis.selection import Selection, learned
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, PARTICIPATION, part_of

QUANTITIES = ("D", "G", "R")


def predictors(
    sensitivity: DataFrame, *parts: str, state: str = "trained", with_error: bool = True
) -> Selection:
    """Return a row for each predictor of the experiments' parts, with the column `part`.

    Those that did not learn, whose output is constant, or whose error has no logarithm (unless
    `with_error` is False) are left out and counted.
    """
    table = sensitivity.assign(part=sensitivity["experiment"].map(part_of))
    chosen = table["part"].isin(parts) & (table["state"] == state)
    chosen &= (table["wiring"] == "original") & (table["draw"] == 0)
    selection = learned(table[chosen])
    rows, reasons = selection.rows, Counter(selection.left_out)
    values = rows[list(QUANTITIES)].to_numpy(dtype=float)
    varies = np.all(np.isfinite(values) & (values > 0), axis=1)
    reasons["runs whose output is constant or not finite"] = int((~varies).sum())
    rows = rows[varies]
    if with_error:
        positive = rows["test_error"] > 0
        reasons["runs with test error 0, which has no logarithm"] = int((~positive).sum())
        rows = rows[positive]
    return Selection(rows.reset_index(drop=True), +reasons)


def log_ratios(rows: DataFrame, quantity: str, lazy: str, fewest: int) -> DataFrame:
    """Return ln(feature / lazy) of a quantity: dataset, train_size, seed, value.

    Of `fewest` training points or more. Both learned the same training set of a seed; networks of
    one training set are averaged first.
    """
    keys = ["dataset", "train_size", "seed"]
    rows = rows[rows["train_size"] >= fewest]
    logs = rows.assign(value=np.log(rows[quantity].astype(float)))
    feature, kernel = (
        logs[logs["part"] == part].groupby(keys, sort=False)["value"].mean().reset_index()
        for part in (FEATURE, lazy)
    )
    both = feature.merge(kernel, on=keys, suffixes=("", "_lazy"))
    return both.assign(value=both["value"] - both["value_lazy"])[[*keys, "value"]]


def means_over_sizes(ratios: DataFrame) -> Iterator[tuple[str, NDArray]]:
    """Yield each data set and the mean over n of the values of its training sets with every n."""
    for dataset, of_data in ratios.groupby("dataset", sort=False):
        table = of_data.pivot_table(index="seed", columns="train_size", values="value").dropna()
        if len(table):
            yield str(dataset), table.to_numpy().mean(axis=1)


def participations(measurements: DataFrame) -> DataFrame:
    """Return a row for each feature network: dataset, train_size, seed, network, neurons, and the
    participation number before (`initial`) and after training (`trained`).
    """
    table = measurements[measurements["measurement"] == PARTICIPATION]
    keys = ["dataset", "train_size", "seed", "network", "experiment"]
    sizes = table[table["quantity"] == "participation"]
    values = sizes.pivot_table(index=keys, columns="state", values="value")
    neurons = table[table["quantity"] == "neurons"].groupby(keys)["value"].first()
    return values.assign(neurons=neurons).reset_index()


def geometric_means(rows: DataFrame, by: list[str], value: str) -> DataFrame:
    """Return geometric mean, low, high (Student's 95 %, over rows) and their number, a group each.

    Of fewer than three rows the ends are their lowest and highest.
    """
    found = []
    for keys, group in rows.groupby(by, sort=True, dropna=False):
        logs = np.log(group[value].to_numpy(dtype=float))
        low, high = student(logs)(0.95)
        low, high = (low, high) if low <= high else (logs.min(), logs.max())
        ends = {"mean": np.exp(logs.mean()), "low": np.exp(low), "high": np.exp(high)}
        found.append({**dict(zip(by, keys, strict=True)), **ends, "sets": len(group)})
    return DataFrame(found, columns=[*by, "mean", "low", "high", "sets"])


def of_sphere(sphere: DataFrame, regime: str, exponent: float | None = None) -> DataFrame:
    """Return a regime's rows of a target: that of an exponent, or the constant one."""
    there = sphere["exponent"].isna() if exponent is None else sphere["exponent"] == exponent
    return sphere[(sphere["regime"] == regime) & there]


def log_slopes(rows: DataFrame, low: float, high: float) -> tuple[dict[int, float], list[int]]:
    """Return d ln error / d ln n on one sphere over n from `low` to `high`, by seed, and these n.

    One slope for each training set; those that lack a size are left out.
    """
    inside = rows[(rows["train_points"] >= low) & (rows["train_points"] <= high)]
    errors = inside.pivot_table(index="seed", columns="train_points", values="test_error").dropna()
    sizes = [int(size) for size in errors.columns]
    found = slopes(np.log(np.array(sizes, dtype=float)), np.log(errors.to_numpy()))
    return dict(zip(map(int, errors.index), found.tolist(), strict=True)), sizes
