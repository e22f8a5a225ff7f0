"""Tables whose curves are R18's own, read off its figures, for the tests of its room."""

from collections.abc import Iterable

import numpy as np
import pandas
from pandas import DataFrame

from cnn_sensitivity.papers.ruderman_2018.authors import curve
from cnn_sensitivity.papers.ruderman_2018.experiments import STRENGTHS, VARIANTS

SEEDS = range(6)
SCATTER = 0.01
"""Relative differences between seeds."""
SIGMAS = {0: 0.27, 0.1: 0.27, 0.2: 0.27, 0.3: 0.216, 0.4: 0.073, 0.5: 0.018}
"""The distance at the last layer by smoothing; up to .2 there is no change."""


def _run(experiment: str, network: str, seed: int, state: str) -> dict:
    return {
        "experiment": experiment,
        "dataset": "Toy images",
        "network": network,
        "architecture": network if network in VARIANTS else "StridedReLUCNN",
        "activation": "relu",
        "options": "{}",
        "width": 0.25,
        "epochs": 3,
        "noise": 0.0,
        "train_size": 1000,
        "seed": seed,
        "test_error": 0.9 if experiment == "random" else 0.1,
        "learned": experiment != "random",
        "diverged": False,
        "state": state,
        "wiring": "original",
    }


def _scattered(values: Iterable[float], *identity: object) -> np.ndarray:
    values = np.array(list(values), dtype=float)
    generator = np.random.default_rng(list(repr(identity).encode()))
    return values * np.exp(SCATTER * generator.standard_normal(len(values)))


def distance_rows(
    experiment: str, network: str, state: str, values: Iterable[float], measurement: str
) -> list[dict]:
    """Return the rows of all seeds; the layers' indices have gaps, as in true tables."""
    rows = []
    for seed in SEEDS:
        drawn = _scattered(values, experiment, network, state, measurement, seed)
        for place, value in enumerate(drawn):
            rows.append(
                {
                    **_run(experiment, network, seed, state),
                    "measurement": measurement,
                    "index": 3 * place,
                    "layer": f"layer{place}" if place else "input",
                    "kind": "activation" if place else "input",
                    "depth": place / len(drawn),
                    "distance": value,
                    "flagged": False,
                }
            )
    return rows


def cosine_distance() -> DataFrame:
    """Return Figures 2c, 2d and 5b, and 5a's last layers; other batch norm: three times 2c."""
    rows = []
    for name in VARIANTS:
        for experiment in ("untrained", "real", "random"):
            rows += distance_rows(experiment, name, "initial", curve("2c", name), "distance")
        rows += distance_rows("real", name, "trained", curve("2d", name), "distance")
        rows += distance_rows("random", name, "trained", curve("5b", name), "distance")
        tripled = 3 * curve("2c", name)
        rows += distance_rows("untrained", name, "initial", tripled, "distance_batch")
    for sigma, last in SIGMAS.items():
        values = np.linspace(0.15, last, 13)
        rows += distance_rows("smoothed", f"sigma-{sigma}", "initial", values, "distance")
    return DataFrame(rows)


def variation_rows(
    experiment: str, network: str, state: str, values: Iterable[float], between: int = 0
) -> list[dict]:
    """Return the rows of all seeds; `between`: a 2x2 convolution after every so many others."""
    rows = []
    for seed in SEEDS:
        index = 0
        for place, value in enumerate(_scattered(values, experiment, network, state, seed)):
            sizes = (3, 2) if between and place % between == between - 1 else (3,)
            for size in sizes:
                for mode in range(1, size**2 + 1):
                    rows.append(
                        {
                            **_run(experiment, network, seed, state),
                            "layer_index": index,
                            "layer": f"conv{index}",
                            "filter_size": size,
                            "mode": mode,
                            "eigenvalue": float(mode),
                            "gamma": 1 / size**2,
                            "total_variation": value if size == 3 else 99.0,
                            "total_variation_tensor": value,
                        }
                    )
                index += 1
    return rows


def spectrum() -> DataFrame:
    """Return Figures 3b, 4b and 4c; initial filters have 1.871."""
    rows, initial = [], [1.871] * 8
    for name in VARIANTS:
        between = 2 if name.startswith("Strided") else 0
        for experiment in ("untrained", "real", "random"):
            rows += variation_rows(experiment, name, "initial", initial, between)
        rows += variation_rows("real", name, "trained", curve("4b", name), between)
        rows += variation_rows("random", name, "trained", curve("4c", name), between)
    for name in STRENGTHS:
        rows += variation_rows(name, "StridedReLUCNN", "initial", initial, 2)
        rows += variation_rows(name, "StridedReLUCNN", "trained", curve("3b", name), 2)
    return DataFrame(rows)


def training(error: float = 0.0) -> DataFrame:
    """Return networks with random labels that end at a training error, here and there above it."""
    return DataFrame(
        [
            {
                "experiment": "random",
                "network": name,
                "noise": 0.0,
                "train_size": np.nan,
                "seed": seed,
                "epoch": epoch,
                "train_error": {0: np.nan, 1: 0.8, 2: error}[epoch],
                "test_error": 0.9,
            }
            for name in VARIANTS
            for seed in SEEDS
            for epoch in (0, 1, 2)
        ]
    )


def sensitivity() -> DataFrame:
    """Return R_k of the true labels' networks: half of the distance, and no row of the image."""
    table = cosine_distance()
    table = table[(table["experiment"] == "real") & (table["layer"] != "input")]
    return table.assign(R=table["distance"] / 2, D=1.0, G=1.0).drop(columns="distance")


def whole() -> dict[str, DataFrame]:
    """Return all tables that the claims are measured from."""
    return {"cosine_distance": cosine_distance(), "spectrum": spectrum(), "training": training()}


def changed(table: DataFrame, column: str, factor: float, **chosen: object) -> DataFrame:
    """Return the table with a column multiplied in the chosen rows."""
    rows = pandas.Series(True, index=table.index)
    for name, value in chosen.items():
        rows &= table[name] == value
    return table.assign(**{column: table[column].where(~rows, table[column] * factor)})
