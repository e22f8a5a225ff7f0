"""Pairs of networks that differ in their activation alone: ReLU and tanh."""

from dataclasses import dataclass

from pandas import DataFrame

_SAME = ["experiment", "architecture", "width", "options"]


@dataclass(frozen=True)
class Twins:
    """The rows of a ReLU network and of its tanh twin; `name` tells the pair from others."""

    name: str
    relu: DataFrame
    tanh: DataFrame


def pairs(table: DataFrame) -> list[Twins]:
    """Return every pair of twins of the table, in a fixed order."""
    found = []
    for (experiment, *_), rows in table.groupby(_SAME, sort=True):
        by_activation = {
            activation: sorted(rows.loc[rows["activation"] == activation, "network"].unique())
            for activation in ("relu", "tanh")
        }
        for relu in by_activation["relu"]:
            for tanh in by_activation["tanh"]:
                found.append(
                    Twins(
                        f"{relu} ({_EXPERIMENTS.get(str(experiment), str(experiment))})",
                        rows[rows["network"] == relu],
                        rows[rows["network"] == tanh],
                    )
                )
    return found


_EXPERIMENTS = {
    "images": "images",
    "scale_detection_1d_task1": "1D task 1",
    "scale_detection_1d_task2": "1D task 2",
    "scale_detection_2d": "2D task",
}
