"""Small tables with known answers, for the tests of P21's figures and claims."""

from typing import Any

import pandas
from figure_tables import run_rows
from pandas import DataFrame

CUTOFF_FACTOR = {3: 1.0, 5: 1.4, 15: 2.0}
"""R grows so with the cut-off."""
NETWORKS = {
    "FullConnL2": 0.20,
    "FullConnL4": 0.19,
    "LeNet": 0.16,
    "VGG11": 0.12,
    "VGG11bn": 0.11,
    "ResNet18": 0.10,
    "EfficientNetB0": 0.13,
}
"""Test errors; R follows as (error / .2)^4, .06 at an error of .1."""
TITLE = "Fashion-MNIST subset"


def r_of(error: float) -> float:
    return 2 * (error / 0.2) ** 4


def table(rows: list[dict[str, Any]], **measurement: Any) -> DataFrame:
    """Return the output's rows of runs as one measurement: columns as the tables have them."""
    chosen = {"average": "median", "weights": "last", **measurement}
    cutoff, displacement = chosen.pop("cutoff", 3), chosen.pop("displacement", 1.0)
    interpolation = chosen.pop("interpolation", "linear")
    perturbation = {
        "perturbation": "diffeomorphism",
        "cutoff": cutoff,
        "displacement": displacement,
        "interpolation": interpolation,
    }
    frame = DataFrame(rows)
    outputs = frame[(frame["index"] == frame["index"].max()) & (frame["wiring"] == "original")]
    errors = {f"{name}_error": outputs[name] * 0.02 for name in "DGR"}
    name = f"c{cutoff}_d{displacement}_{chosen['average']}_{interpolation}_{chosen['weights']}"
    return outputs.assign(
        **errors,
        **chosen,
        images=500,
        measurement=name,
        **perturbation,
    )


def networks(
    factor: float = 1.0, seeds: tuple[int, ...] = (0, 1, 2), **measurement: Any
) -> DataFrame:
    """Return all networks under one measurement, R times `factor` and that of the cut-off."""
    factor *= CUTOFF_FACTOR[measurement.get("cutoff", 3)]
    rows = [
        row
        for name, error in NETWORKS.items()
        for seed in seeds
        for row in run_rows(
            name,
            error * 1.02**seed,
            seed,
            r_last=factor * r_of(error * 1.02**seed),
            experiment="networks",
            dataset=TITLE,
        )
    ]
    frame = table(rows, **measurement)
    trained = frame["state"] == "trained"
    growing = trained & (frame["network"] == "ResNet18")
    # D of ResNet18 grows by training, of the others it falls; R = D / G stays.
    d = frame["D"].where(~trained, 0.5 * frame["D"]).where(~growing, 2.0)
    return frame.assign(D=d, G=d / frame["R"])


def sizes(power: float = -1.0, seeds: tuple[int, ...] = (0, 1, 2), **measurement: Any) -> DataFrame:
    """Return ResNet18 with R = (P / 128)^power at several P; the error goes as the root of R."""
    rows = []
    for size in (128, 512, 2048):
        for seed in seeds:
            r = (size / 128) ** power * 1.05**seed
            changes = {"experiment": "train_sizes", "dataset": TITLE, "train_size": size}
            rows += run_rows("ResNet18", 0.3 * r**0.5, seed, r_last=r, **changes)
    return table(rows, **measurement)


def epochs() -> DataFrame:
    """Return all networks with a kept epoch between the initial and the trained state."""
    frame = networks()
    kept = frame[frame["state"] == "trained"].assign(state="epoch-1")
    return pandas.concat([frame, kept.assign(R=kept["R"] ** 0.5)], ignore_index=True)


def sweep() -> DataFrame:
    """Return the networks over cut-offs, displacements, averages, interpolations.

    R is smallest at one pixel, means are twice the medians, Gaussian interpolation adds 5 %.
    """
    return pandas.concat(
        [
            networks(
                (1 + abs(displacement - 1)) * (2 if average == "mean" else 1) * gain,
                cutoff=cutoff,
                displacement=displacement,
                average=average,
                interpolation=interpolation,
            )
            for cutoff in (3, 5, 15)
            for displacement in (0.25, 0.5, 1.0, 2.0, 3.0)
            for average in ("median", "mean")
            for interpolation, gain in (("linear", 1.0), ("gaussian", 1.05))
        ],
        ignore_index=True,
    )


def identity() -> DataFrame:
    """Return f(x) = x at the displacements of `sweep`: R = 1."""
    rows = networks(seeds=(0,))
    frame = sweep()
    one = frame[(frame["network"] == "LeNet") & (frame["state"] == "trained")]
    one = one[one["seed"] == rows["seed"].iloc[0]]
    displacements = one["displacement"]
    return one.assign(D=0.1 * displacements**2, G=0.1 * displacements**2, R=1.0)


STRIPE_SIZES = (16, 64, 256, 1024)
"""At the first of them lambda^2 is below d, and R as of the others is not."""


def stripe(fall: float = -1.0, lazy_fall: float = 0.0, lazy_level: float = 1.0) -> DataFrame:
    """Return what is measured on the stripe in five dimensions: R = P^fall in the feature regime
    but at the first P, lazily `lazy_level` P^lazy_fall; seeds differ by 5 %. lambda is .368 P^1/2,
    lazily 1. At t* R is twice as steep."""
    rows: list[dict[str, Any]] = []
    regimes = (("stripe", 1e-6, fall), ("stripe", 1e6, lazy_fall), ("stripe_kernel", None, None))
    for experiment, alpha, power in regimes:
        feature = alpha is not None and alpha < 1
        for size in STRIPE_SIZES:
            for seed in range(3):
                of_run = {
                    "experiment": experiment,
                    "dataset": "stripe in 5 dimensions",
                    "network": "NTKFullConn",
                    "options": "{}" if alpha is None else '{"hidden_units": 100}',
                    "noise": 0.0,
                    "train_size": size,
                    "seed": seed,
                    "alpha": alpha,
                    "input_size": 5,
                    "learned": True,
                    "diverged": False,
                }
                r = size ** (lazy_fall if power is None else power)
                r = 0.9 if feature and size == STRIPE_SIZES[0] else r
                r *= 1.05**seed * (1 if feature else lazy_level)
                of_state = {"trained": r, "t_star": r**2} if feature else {"trained": r}
                for state, value in of_state.items():
                    numbers = {"D": 1e-6 * value, "G": 1e-6, "R": value}
                    told = {**of_run, "state": state, "step": 0.001}
                    rows += [{**told, "quantity": q, "value": v} for q, v in numbers.items()]
                    if alpha is not None:
                        found = 0.368 * size**0.5 if feature else 1.0
                        told = {**of_run, "state": state, "step": None}
                        rows.append({**told, "quantity": "lambda", "value": found})
    return DataFrame(rows)
