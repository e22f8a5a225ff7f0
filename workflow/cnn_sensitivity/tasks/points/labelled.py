"""Points with a label of +-1 as tasks: training points for seeds to draw from, and test points."""

from collections.abc import Callable

import numpy as np
import torch

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.tasks.points.cylinder import cylinder
from cnn_sensitivity.tasks.points.stripe import stripe
from cnn_sensitivity.tasks.store import Dataset, Split, assemble

CLASSES = ("-1", "+1")
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def build_stripe(dimension: int, train_size: int, test_size: int, seed: int = 0) -> Dataset:
    """Return the stripe of C21: points [N, dimension] and targets [N], in float64.

    Raises UserError for a size below one.
    """
    title = f"stripe in {dimension} dimensions"

    def draw(generator: np.random.Generator, points: int) -> tuple[np.ndarray, np.ndarray]:
        return stripe(generator, points, dimension)

    return _task("stripe", title, draw, (train_size, test_size), seed)


def build_cylinder(
    dimension: int, informative: int, train_size: int, test_size: int, seed: int = 0
) -> Dataset:
    """Return the cylinder of C21: points [N, dimension] and targets [N], in float64.

    Raises UserError for a size that is out of range.
    """
    title = f"cylinder in {dimension} dimensions, {informative} of them informative"

    def draw(generator: np.random.Generator, points: int) -> tuple[np.ndarray, np.ndarray]:
        return cylinder(generator, points, dimension, informative)

    return _task("cylinder", title, draw, (train_size, test_size), seed)


def _task(name: str, title: str, draw: Draw, sizes: tuple[int, int], seed: int) -> Dataset:
    def split(part: str, size: int) -> Split:
        x, y = draw(np.random.default_rng(derive_seed(name, seed, part)), size)
        return Split(torch.from_numpy(x), torch.from_numpy(y))

    return assemble(name, title, CLASSES, (), (), split("train", sizes[0]), split("test", sizes[1]))
