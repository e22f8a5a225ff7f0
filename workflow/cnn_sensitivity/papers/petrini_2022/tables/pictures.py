"""Pictures of the regression on the sphere: random targets, and predictors on the circle (S22)."""

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.papers.petrini_2022.tables.minimum_norm import minimum_norm, relu
from cnn_sensitivity.papers.petrini_2022.tables.sphere import kernel_regression
from cnn_sensitivity.tasks.points.sphere import constant, gaussian_random, uniform

EXPONENTS = (3.0, 1.0, 0.25)
"""Of the random targets that are shown, from smooth to rough."""
PIXELS = 121
"""A side of the picture of a half sphere."""
NEURONS = 20_000
"""Of a random target that is shown."""
POINTS = 8
"""Training points on the circle."""
DIRECTIONS = 4_000
"""Of the dictionary on the circle: a kink every .09 degrees."""
ANGLES = 1440
"""At which the predictors on the circle are shown: a quarter of a degree apart."""


def picture_tables(root_seed: int) -> tuple[DataFrame, DataFrame]:
    """Return the predictors on the circle and the samples of the target."""
    return circle_table(root_seed), sample_table(root_seed)


def circle_table(root_seed: int) -> DataFrame:
    """Return both predictors of the constant target from `POINTS` random points on the circle.

    Columns: kind (training, or curve), angle in degrees, feature, lazy.
    """
    generator = np.random.default_rng(derive_seed(root_seed, "sphere", "circle"))
    x = uniform(generator, POINTS, 2)
    directions = _on_circle(np.arange(DIRECTIONS) * 360 / DIRECTIONS)
    weights = minimum_norm(relu(x, directions), constant(x))
    lazy = kernel_regression(x, constant(x))
    training = np.sort(np.rad2deg(np.arctan2(x[:, 1], x[:, 0])) % 360)
    parts = []
    for kind, angles in (("training", training), ("curve", np.arange(ANGLES) * 360 / ANGLES)):
        points = _on_circle(angles)
        feature = relu(points, directions) @ weights
        numbers = {"angle": angles, "feature": feature, "lazy": lazy(points)}
        parts.append(DataFrame({"kind": kind, **numbers}))
    return concat(parts, ignore_index=True)


def sample_table(root_seed: int) -> DataFrame:
    """Return one row a pixel of the half sphere, seen from outside, for each of `EXPONENTS`.

    Columns: exponent, row, column, value: the target in units of its root mean square.
    """
    parts = []
    side = np.linspace(-1, 1, PIXELS)
    row, column = np.indices((PIXELS, PIXELS))
    inside = side[row] ** 2 + side[column] ** 2 < 1
    plane = np.stack([side[column][inside], -side[row][inside]], axis=1)
    points = np.column_stack([plane, np.sqrt(1 - (plane**2).sum(axis=1))])
    for exponent in EXPONENTS:
        generator = np.random.default_rng(derive_seed(root_seed, "sphere", "sample", exponent))
        values = gaussian_random(generator, points, exponent, NEURONS)
        parts.append(
            DataFrame(
                {
                    "exponent": exponent,
                    "row": row[inside],
                    "column": column[inside],
                    "value": values / np.sqrt((values**2).mean()),
                }
            )
        )
    return concat(parts, ignore_index=True)


def _on_circle(degrees: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))], axis=1)
