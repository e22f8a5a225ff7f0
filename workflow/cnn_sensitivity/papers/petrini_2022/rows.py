"""The rows of tables that figures and claims select. No torch."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from pandas import DataFrame, Index, Series

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


def log_ratios(rows: DataFrame, quantity: str, lazy: str) -> Iterator[tuple[str, DataFrame]]:
    """Yield, for each data set, ln(feature / lazy) of a quantity: [training sets, training sizes].

    Both learned the same training set of a seed. Networks of one training set are averaged first;
    nan where one of the two is missing.
    """
    for dataset, of_data in rows.groupby("dataset", sort=False):
        logs = of_data.assign(log=np.log(of_data[quantity].astype(float)))
        means = logs.groupby(["part", "seed", "train_size"])["log"].mean()
        parts = means.index.get_level_values("part")
        if {FEATURE, lazy} <= set(parts):
            difference = (means[FEATURE] - means[lazy]).dropna()
            if len(difference):
                yield str(dataset), difference.unstack("train_size")


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


def errors_by_size(rows: DataFrame) -> DataFrame:
    """Return the test errors on one sphere, [seeds, numbers of training points]."""
    return rows.pivot_table(index="seed", columns="train_points", values="test_error")


def log_slopes(errors: DataFrame, low: float, high: float) -> tuple[Series, Index]:
    """Return d ln error / d ln n of each training set over n from `low` to `high`, and these n.

    `errors`: of `errors_by_size`; sets that lack a size are left out.
    """
    sizes = errors.columns[(errors.columns >= low) & (errors.columns <= high)]
    logs = np.log(errors[sizes].dropna())
    centred = np.log(sizes.to_numpy(dtype=float)) - np.log(sizes.to_numpy(dtype=float)).mean()
    return logs @ centred / (centred**2).sum(), sizes
