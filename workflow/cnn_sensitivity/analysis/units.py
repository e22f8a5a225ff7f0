"""One point an architecture; families of architectures, which lie close together. No torch."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from pandas import DataFrame

FAMILIES = {
    "fully connected": r"FullConn",
    "LeNet": r"LeNet",
    "AlexNet": r"AlexNet",
    "VGG with batch norm": r"VGG\d+bn",
    "VGG": r"VGG\d+",
    "ResNet": r"ResNet",
    "EfficientNet": r"EfficientNet",
}
"""How the architectures of each family begin; any other is a family of its own."""


def family(architecture: str) -> str:
    """Return the family of an architecture."""
    found = (name for name, begins in FAMILIES.items() if re.match(begins, architecture))
    return next(found, architecture)


def architectures(rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Return a row for each architecture, by name: the geometric means of positive columns.

    Over seeds first, then over the training sizes at which every architecture has a value.
    """
    names = list(columns)
    logs = rows[["architecture", "train_size"]].assign(**{n: np.log(rows[n]) for n in names})
    cells = logs.pivot_table(index="architecture", columns="train_size", values=names)
    whole = cells.dropna(axis=1)  # the sizes of all
    kept = whole if len(whole.columns) else cells
    means = {name: np.exp(kept[name].T.mean()) for name in names}
    return DataFrame(means).reset_index()


def without_each_family(
    points: DataFrame, function: Callable[[DataFrame], float]
) -> dict[str, float]:
    """Return, by family, the number of `points` (a row an architecture) without it."""
    families = points["architecture"].map(family)
    return {name: function(points[families != name]) for name in families.unique()}
