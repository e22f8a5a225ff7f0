"""The rows of sensitivity tables that figures and claims select: by measurement, state, network."""

from collections import Counter

import numpy as np
from pandas import DataFrame, Series, concat

from cnn_sensitivity.analysis.selection import Selection, outputs
from cnn_sensitivity.analysis.statistics import log_slope

# Families of P21's networks, by architecture. Layers count those with weights.
BATCH_NORM = ("VGG11bn", "VGG13bn", "VGG16bn", "VGG19bn")
RESIDUAL = ("ResNet18", "ResNet34", "ResNet50", "EfficientNetB0")
SIMPLE = ("FullConnL2", "FullConnL4", "FullConnL6", "LeNet")
LAYERS = {
    "FullConnL2": 2,
    "FullConnL4": 4,
    "FullConnL6": 6,
    "LeNet": 5,
    "AlexNet": 8,
    "VGG11": 11,
    "VGG11bn": 11,
    "VGG13bn": 13,
    "VGG16bn": 16,
    "VGG19bn": 19,
    "ResNet18": 18,
    "ResNet34": 34,
    "ResNet50": 50,
    "EfficientNetB0": 50,
}
TITLES = ("Fashion-MNIST", "CIFAR-10", "MNIST", "ImageNet")


def measured(
    table: DataFrame,
    state: str = "trained",
    *,
    average: str | None = "median",
    cutoff: int | None = 3,
    displacement: float | None = 1.0,
    interpolation: str | None = "linear",
    best: bool = False,
    with_error: bool = False,
) -> Selection:
    """Return the outputs of the runs that learned, under the chosen measurements.

    Before training there is a row for each fresh network of a seed. None chooses all. `best`: with
    the weights of the epoch of lowest test error, if these were measured besides those of the last.
    """
    rows = with_perturbation(table)
    weights = set(rows["weights"])
    chosen = {
        "average": average,
        "cutoff": cutoff,
        "displacement": displacement,
        "interpolation": interpolation,
        "weights": "best" if best or "last" not in weights else "last",
    }
    for column, value in chosen.items():
        if value is not None:
            rows = rows[rows[column] == value]
    return _outputs(rows, state, with_error)


def with_perturbation(table: DataFrame) -> DataFrame:
    """Return the rows measured with diffeomorphisms, whose parameters are columns."""
    return table[table["perturbation"] == "diffeomorphism"]


def whole_split(rows: DataFrame) -> DataFrame:
    """Return the runs of experiments without training sizes: those with one size alone."""
    return rows[_sizes(rows) == 1] if len(rows) else rows


def across_sizes(rows: DataFrame) -> DataFrame:
    """Return the runs of experiments with several training sizes."""
    return rows[_sizes(rows) > 1] if len(rows) else rows


def compared(rows: DataFrame) -> DataFrame:
    """Return the runs of the experiments on the whole split that have most networks, per data set.

    The same network may be in another experiment too, for another purpose.
    """
    whole = whole_split(rows)
    if whole.empty:
        return whole
    networks = whole.groupby(["dataset", "experiment"])["network"].nunique()
    largest = networks.groupby("dataset").idxmax()
    return whole[whole["experiment"].isin([experiment for _, experiment in largest])]


def _sizes(rows: DataFrame) -> Series:
    return rows.groupby("experiment")["train_size"].transform("nunique")


def by_seed(rows: DataFrame) -> list[Series]:
    """Return R by training size, of each seed that has all sizes."""
    table = rows.pivot_table(index="seed", columns="train_size", values="R").dropna()
    return [r for _, r in table.iterrows()]


def slopes(rows: DataFrame) -> list[float]:
    """Return d ln R / d ln P of each seed that has all sizes."""
    return [log_slope(r.index, r) for r in by_seed(rows)]


def data_of(title: str) -> str:
    """Return the authors' name of a data set, of our title for it; the title without one."""
    return next((name for name in TITLES if title.startswith(name)), title)


def has_batch_norm(architecture: str) -> bool:
    return architecture in BATCH_NORM + RESIDUAL


def geometric_means(rows: DataFrame, by: list[str], value: str = "R") -> DataFrame:
    """Return geometric mean, low, high (over seeds) and seeds of a column, for each group."""
    logs = rows.assign(log=np.log(rows[value])).groupby(by, sort=False)
    means = logs.agg(mean=("log", "mean"), low=("log", "min"), high=("log", "max"))
    values = DataFrame(np.exp(means))
    return values.assign(seeds=logs["seed"].nunique()).reset_index()


def _outputs(rows: DataFrame, state: str, with_error: bool) -> Selection:
    """Return `outputs` of each measurement and each fresh network of a seed.

    What is left out counts runs once.
    """
    parts, reasons = [], Counter[str]()
    fresh = state == "initial" and "draw" in rows
    for _, measurement in rows.groupby(["measurement", *["draw"] * fresh], sort=False):
        selection = outputs(measurement, state, with_error)
        parts.append(selection.rows)
        reasons |= selection.left_out
    return Selection(concat(parts, ignore_index=True) if parts else rows, reasons)
