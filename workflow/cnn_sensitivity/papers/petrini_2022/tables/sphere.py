"""Regression on the sphere: test errors, atoms and smoothness of both regimes (S22)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pandas import DataFrame
from scipy.special import gammaln

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.engines.kernel.machines import ridgeless
from cnn_sensitivity.networks.tangent_kernels import AnalyticTangentKernel
from cnn_sensitivity.papers.petrini_2022.settings import Sphere
from cnn_sensitivity.papers.petrini_2022.tables.descent import descent
from cnn_sensitivity.papers.petrini_2022.tables.minimum_norm import atoms, minimum_norm, relu
from cnn_sensitivity.tasks.points.sphere import constant, gaussian_random, uniform

ANGLE = 10.0
"""Degrees by which points are rotated, towards a random direction each (S22 [code])."""
PENALTIES = {3: 1e-5, 5: 1e-4}
"""lambda of the authors' descent, by dimension; others have that of d = 3."""

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Sample:
    """Points [n, d] of training and test with their targets; the test points rotated."""

    x: np.ndarray
    y: np.ndarray
    test: np.ndarray
    rotated: np.ndarray
    targets: np.ndarray


def sphere_table(told: Sphere, root_seed: int) -> DataFrame:
    """Return a row for each regime, number of training points and training set.

    Columns: regime (feature: least l1 norm; descent: the authors'; lazy: ridgeless regression),
    dimension, exponent (nan: constant), train_points, seed, test_error (mean squared over the
    target's `mean_square`), atoms (0 of the kernel, which has one at every point), rotation (see
    `rotation`). All regimes see the same points.
    """
    rows = []
    for size in sorted({*told.feature_sizes, *told.lazy_sizes, *told.descent_sizes}):
        for seed in range(told.seeds):
            identity = (told.exponent or 0, told.dimension, size, seed)
            generator = np.random.default_rng(derive_seed(root_seed, "sphere", *identity))
            sample = drawn(told, size, generator)
            for regime in _regimes(told, size, seed):
                function, count = learned(regime, sample, told, generator)
                rows.append(
                    {
                        "regime": regime,
                        "dimension": told.dimension,
                        "exponent": np.nan if told.exponent is None else told.exponent,
                        "train_points": size,
                        "seed": seed,
                        "test_error": ((function(sample.test) - sample.targets) ** 2).mean()
                        / mean_square(told.exponent, told.dimension),
                        "atoms": count,
                        "rotation": rotation(function(sample.test), function(sample.rotated)),
                    }
                )
    return DataFrame(rows)


def drawn(told: Sphere, size: int, generator: np.random.Generator) -> Sample:
    """Return the points and targets of one training set."""
    points = uniform(generator, size + told.test_points, told.dimension)
    y = (
        constant(points)
        if told.exponent is None
        else gaussian_random(generator, points, told.exponent, told.neurons)
    )
    test = points[size:]
    return Sample(points[:size], y[:size], test, rotated(generator, test, ANGLE), y[size:])


def rotated(generator: np.random.Generator, points: np.ndarray, degrees: float) -> np.ndarray:
    """Return unit vectors [n, d], each rotated by an angle towards a uniformly random direction."""
    towards = generator.standard_normal(points.shape)
    towards -= points * (points * towards).sum(axis=1, keepdims=True)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    angle = np.deg2rad(degrees)
    return np.cos(angle) * points + np.sin(angle) * towards


def rotation(outputs: np.ndarray, outputs_rotated: np.ndarray) -> float:
    """Return mean |f(x') - f(x)|^2 over the mean of |f(x1) - f(x2)|^2 over all pairs: D of x'."""
    return float(((outputs_rotated - outputs) ** 2).mean() / (2 * outputs.var()))


def learned(
    regime: str, sample: Sample, told: Sphere, generator: np.random.Generator
) -> tuple[Function, int]:
    """Return what a regime learns of the training set, and its number of atoms."""
    x, y = sample.x, sample.y
    if regime == "lazy":
        return kernel_regression(x, y), 0
    if regime == "descent":
        directions, weights = descent(
            x,
            y,
            neurons=told.descent_neurons,
            steps=told.descent_steps,
            penalty=PENALTIES.get(told.dimension, PENALTIES[3]),
            generator=generator,
        )
    else:
        directions = uniform(generator, told.directions, x.shape[1])
        weights = minimum_norm(relu(x, directions), y)
    return lambda points: relu(points, directions) @ weights, atoms(x, directions, weights)


def kernel_regression(x: np.ndarray, y: np.ndarray) -> Function:
    """Return the ridgeless regression with the analytic tangent kernel without bias."""
    machine = ridgeless(AnalyticTangentKernel(bias=False), torch.from_numpy(x), torch.from_numpy(y))

    def function(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return machine(torch.from_numpy(points)).numpy()

    return function


def _regimes(told: Sphere, size: int, seed: int) -> list[str]:
    wanted = {
        "feature": size in told.feature_sizes,
        "lazy": size in told.lazy_sizes,
        "descent": size in told.descent_sizes and seed < told.descent_seeds,
    }
    return [regime for regime, is_wanted in wanted.items() if is_wanted]


def mean_square(exponent: float | None, dimension: int) -> float:
    """Return the mean square of a target over its draws, E |theta . x|^2a; 1 of the constant one.

    That of one draw scatters by a factor: most of it is its mean over the sphere.
    """
    if exponent is None:
        return 1.0
    logs = gammaln([exponent + 0.5, dimension / 2, exponent + dimension / 2])
    return float(np.exp(logs @ [1, 1, -1]) / np.sqrt(np.pi))
