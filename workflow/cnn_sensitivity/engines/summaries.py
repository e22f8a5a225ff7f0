"""What a fit without epochs says: of a seed in its checkpoint, of the run in its table."""

import json
from collections.abc import Mapping
from math import sqrt
from typing import Any

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.networks.initial import input_shape
from cnn_sensitivity.tasks.store import Dataset


def grid_columns(settings: TrainingSettings, dataset: Dataset) -> dict[str, Any]:
    """Return the columns that say what was fitted to what, and at which point of the grid.

    `dimension`: how many numbers the network is given of an input.
    """
    channels, side = input_shape(settings, dataset)
    return {
        "experiment": settings.experiment,
        "dataset": dataset.title,
        "dimension": channels * side**2,
        "network": settings.network.label,
        "options": json.dumps(settings.network.options, sort_keys=True),
        **settings.axes,
    }


def without_epochs(
    seed: int,
    test_error: float,
    test_inputs: int,
    kept_test_errors: Mapping[str, float],
) -> dict[str, Any]:
    """Return the summary of a fit without epochs, of targets +-1; errors are fractions."""
    return {
        "seed": seed,
        "last_test_error": test_error,
        "best_test_error": test_error,
        "best_epoch": 0,
        "fitted_epoch": None,
        "diverged": False,
        "epochs": 0,
        "learned": is_below_chance(test_error, 2, test_inputs),
        "kept_test_errors": dict(kept_test_errors),
    }


def is_below_chance(error: float, classes: int, images: int) -> bool:
    """Return whether an error on so many images is below chance by three standard errors."""
    chance = 1 - 1 / classes
    return error < chance - 3 * sqrt(chance * (1 - chance) / images)
