"""Small tables with known answers, for the tests of S22's figures and claims."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.papers.petrini_2022.theory import exponent

SEEDS = range(4)
IMAGE_SIZES = (128, 256, 512)
R = {"feature": 2.0, "machine": 1.0, "regression": 0.8, "kernel_flow": 2.5}
"""Of the outputs; before training it is .9 in all."""
ERRORS = {"feature": 0.12, "machine": 0.1, "regression": 0.11, "kernel_flow": 0.1}
TITLE = "Fashion-MNIST subset"


def jitter(*identity: int, scale: float = 0.02) -> float:
    return float(np.exp(scale * np.random.default_rng(identity).standard_normal()))


def row(experiment: str, size: int, seed: int, state: str = "trained", **changes: object) -> dict:
    """Return the output's row of one predictor."""
    part = next((name for name in R if experiment.startswith(name)), "feature")
    place = list(R).index(part)
    error = ERRORS[part] * (100 / size) ** 0.3
    r = (R[part] if state == "trained" else 0.9) * jitter(size, seed, place)
    return {
        "experiment": experiment,
        "dataset": TITLE,
        "network": "NTKFullConn",
        "architecture": "NTKFullConn",
        "activation": "relu",
        "options": "{}",
        "width": 1.0,
        "epochs": 0,
        "noise": 0.0,
        "train_size": size,
        "seed": seed,
        "test_error": error * jitter(seed, size, 10 + place),
        "learned": True,
        "diverged": False,
        "input_size": 28,
        "scale": np.nan,
        "measurement": "sensitivity",
        "state": state,
        "wiring": "original",
        "draw": 0,
        "index": 4,
        "layer": "output",
        "kind": "output",
        "depth": 1.0,
        "D": 0.02 * r,
        "G": 0.02,
        "R": r,
        "alpha": 1e-6 if part == "feature" else np.nan,
        "flagged": False,
        **changes,
    }


def sensitivity(*experiments: str, sizes: tuple[int, ...] = IMAGE_SIZES) -> DataFrame:
    """Return predictors trained and initial; of kernels the initial one, zero, has no R."""
    rows = []
    for experiment in experiments or tuple(R):
        for size in sizes:
            for seed in SEEDS:
                rows.append(row(experiment, size, seed))
                nothing = {"D": np.nan, "G": np.nan, "R": np.nan, "flagged": True}
                zero = {} if experiment.startswith(("feature", "regimes")) else nothing
                rows.append(row(experiment, size, seed, "initial", **zero))
    return DataFrame(rows)


def regimes() -> DataFrame:
    """Return flows at four alpha above that of `feature`, R falling on from 1.8 to 1."""
    rows = [
        row("regimes", 256, seed, alpha=alpha, R=r * jitter(seed), D=0.02 * r)
        for alpha, r in zip((1e-3, 1.0, 1e3, 1e6), (1.8, 1.5, 1.2, 1), strict=True)
        for seed in SEEDS
    ]
    rows += [
        row("fully_connected", 256, seed, network=name, architecture=name, R=r, alpha=np.nan)
        for name, r in (("FullConnL2", 2.7), ("FullConnL6", 5.8))
        for seed in SEEDS
    ]
    return DataFrame(rows)


def participation(ratio: float = 0.5) -> DataFrame:
    """Return the participation numbers of networks of 100 neurons: 60, and `ratio` of that."""
    rows = []
    for size in IMAGE_SIZES:
        for seed in SEEDS:
            for state, value in (("initial", 60.0), ("trained", 60 * ratio * jitter(size, seed))):
                of_run = row("feature", size, seed, state, measurement="participation")
                for quantity, number in (("participation", value), ("neurons", 100.0)):
                    rows.append({**of_run, "quantity": quantity, "value": number, "error": np.nan})
    return DataFrame(rows)


def sphere(
    shift: float = 0.0, level: float = 0.05, exponents: tuple[float | None, ...] = (None, 1.0)
) -> DataFrame:
    """Return errors on power laws of the predicted exponents plus `shift`; lazy is `level` times
    feature at n = 16, atoms are .95 n.
    """
    rows = []
    for target in exponents:
        for dimension in (2, 3, 5) if target is None else (5,):
            for regime in ("feature", "lazy", "descent"):
                smoothness = None if target is None else target + 0.5
                slope = exponent(regime, dimension, smoothness) + shift
                last = {"feature": 256, "lazy": 2048, "descent": 32}[regime]
                for size in (2**k for k in range(4, 12) if 2**k <= last):
                    for seed in SEEDS:
                        start = level if regime == "lazy" else 1.0
                        error = start * (size / 16) ** slope * jitter(size, seed, dimension)
                        rows.append(
                            {
                                "regime": regime,
                                "dimension": dimension,
                                "exponent": np.nan if target is None else target,
                                "train_points": size,
                                "seed": seed,
                                "test_error": error,
                                "atoms": 0 if regime == "lazy" else 0.95 * size,
                                "rotation": 0.1 * (1 + (regime == "feature")),
                            }
                        )
    return DataFrame(rows)


def whole() -> dict[str, DataFrame]:
    return {
        "sensitivity": sensitivity(),
        "measurements": participation(),
        "sphere": sphere(),
    }
