"""Tables that follow C21's laws exactly but for a little scatter, for tests of its room."""

import json
from typing import Any

import numpy as np
from pandas import DataFrame

SEEDS = range(4)
SIZES = (64, 256, 1024)
LONG = (200, 1132, 6400)
"""Sizes of the flows whose compression is followed."""
SCATTER = 0.01
UNITS = 100
BETA = {"stripe": {3: 5 / 7, 5: 9 / 13}, "cylinder": {3: 0.5}}
LAZY = {"stripe": {3: 3 / 7, 5: 5 / 13}, "cylinder": {3: 3 / 7}}
LEVEL, KERNEL = {"stripe": 0.9, "cylinder": 0.9}, {"initial": 1.5, "t_star": 0.5, "trained": 0.9}
"""Error of the network at p = 1; with a kernel, in its units."""


def title(task: str, dimension: int) -> str:
    """Return the title of a task's data set."""
    rest = ", 2 of them informative" if task == "cylinder" else ""
    return f"{task} in {dimension} dimensions{rest}"


def _run(task: str, dimension: int, size: int, seed: int, options: dict[str, Any]) -> dict:
    return {
        "experiment": f"{task}_{dimension}",
        "dataset": title(task, dimension),
        "network": "NTKFullConn",
        "options": json.dumps(options),
        "train_size": size,
        "seed": seed,
    }


def paths() -> DataFrame:
    """Return flows: lambda(t*) = .368 p^1/2, a quarter of it at the end, 1 in the lazy regime."""
    rows, generator = [], np.random.default_rng(0)
    for dimension in (3, 5):
        for alpha, size, seed in (
            (alpha, size, seed) for alpha in (1e-6, 1e6) for size in LONG for seed in SEEDS
        ):
            at_t_star = 0.3676 * np.sqrt(size) if alpha < 1 else 1.0
            at_end = at_t_star / 4 if alpha < 1 else 1.0
            for time, state, value, share in (
                (0.0, "initial", 1.0, 0.0),
                (500.0, "", np.sqrt(at_t_star), 0.0),
                (1000.0, "t_star", at_t_star, 0.11),
                (9000.0, "last", at_end, 1.0),
            ):
                scatter = np.exp(SCATTER * generator.standard_normal()) if time else 1.0
                rows.append(
                    {
                        **_run("stripe", dimension, size, seed, {"hidden_units": UNITS}),
                        "dimension": dimension,
                        "alpha": alpha,
                        "time": time,
                        "loss": 1 - 0.99 * share,
                        "share_fitted": share,
                        "state": state,
                        "stopped": "fitted" if state == "last" else "",
                        "test_error": 0.5 - 0.4 * share,
                        "weights_informative": value * scatter,
                        "weights_uninformative": 1.0,
                    }
                )
    return DataFrame(rows)


def machines() -> DataFrame:
    """Return machines whose error is half of p^-beta, beta the lazy one."""
    rows, generator = [], np.random.default_rng(1)
    for task, exponents in LAZY.items():
        for dimension, beta in exponents.items():
            for size in SIZES:
                for seed in SEEDS:
                    error = 0.5 * size**-beta * np.exp(SCATTER * generator.standard_normal())
                    of_run = _run(task, dimension, size, seed, {})
                    of_run["experiment"] += "_kernel"
                    rows.append({**of_run, "dimension": dimension, "test_error": error})
    return DataFrame(rows)


def measurements() -> DataFrame:
    """Return what is measured of the networks in three states."""
    rows: list[dict[str, Any]] = []
    generator = np.random.default_rng(2)
    for task, exponents in BETA.items():
        for dimension, beta in exponents.items():
            for size, seed in ((size, seed) for size in SIZES for seed in SEEDS):
                law = LEVEL[task] * size**-beta * np.exp(SCATTER * generator.standard_normal())
                for state in KERNEL:
                    of_state = {
                        **_run(task, dimension, size, seed, {"hidden_units": UNITS}),
                        "input_size": dimension,
                        "state": state,
                        "test_error": law if state == "trained" else np.nan,
                    }
                    numbers = {
                        "D_ratio": 3.0 / size,
                        "kernel_error": KERNEL[state] * law,
                        "stretched_error": 0.9 * law,
                        "top_share": 0.7 if state == "trained" else 0.5,
                    }
                    rows += [
                        {**of_state, "quantity": name, "value": value}
                        for name, value in numbers.items()
                    ]
                    for mode in range(1, 6):
                        values = {"eigenvalue": 0.5**mode, "projection": 0.1}
                        rows += [
                            {**of_state, "quantity": name, "value": value, "mode": mode}
                            for name, value in values.items()
                        ]
    return DataFrame(rows)


def plane() -> DataFrame:
    """Return neurons in the plane on a line, and a kernel on the circle that is a cosine."""
    rows: list[dict[str, Any]] = []
    angles = np.arange(8) * np.pi / 4
    for state in KERNEL:
        of_state = {
            **_run("stripe", 2, 1000, 0, {"hidden_units": 20}),
            "input_size": 2,
            "state": state,
            "test_error": 0.01,
        }
        for neuron in range(1, 21):
            values = {"bias": (-1.0) ** neuron, "place_1": neuron / 5, "place_2": 0.1}
            rows += [
                {**of_state, "quantity": name, "value": value, "neuron": neuron}
                for name, value in values.items()
            ]
        for angle in angles:
            for other in angles:
                value = 1 + np.cos(angle - other)
                rows.append(
                    {**of_state, "quantity": "kernel", "value": value, "angle": angle}
                    | {"other_angle": other}
                )
    return DataFrame(rows)


def cylinder() -> DataFrame:
    """Return the cylinder's rows, with the neurons of one network at t*."""
    rows = measurements()
    rows = rows[rows["dataset"] == title("cylinder", 3)]
    of_network = rows[(rows["train_size"] == 1024) & (rows["seed"] == 0)]
    first = of_network[of_network["state"] == "t_star"].iloc[0].to_dict()
    neurons = [
        {**first, "quantity": name, "value": value, "neuron": neuron, "mode": np.nan}
        for neuron in range(1, 11)
        for name, value in {"bias": 1.0, "place_1": 1.0, "place_2": neuron, "place_3": 0.0}.items()
    ]
    return DataFrame([*rows.to_dict("records"), *neurons])


def infinite_data() -> DataFrame:
    """Return weights that grow exponentially in time."""
    time = np.linspace(0, 20, 9)
    return DataFrame(
        {
            "dimension": 3,
            "time": time,
            "weights_informative": np.exp(0.2 * time),
            "weights_uninformative": 1.0,
        }
    )


def whole() -> dict[str, DataFrame]:
    """Return the tables of the scorecard."""
    return {"paths": paths(), "machines": machines(), "measurements": measurements()}
