"""What a fit without epochs says: of a seed in its checkpoint, of the run in its table."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from cnn_sensitivity.config import TrainingSettings


def grid_columns(settings: TrainingSettings) -> dict[str, Any]:
    """Return the columns that tell a run's point of the grid from the others."""
    return {
        "experiment": settings.experiment,
        "network": settings.network.label,
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
