"""Stochastic gradient descent, of one network or of a stack of seeds at a time."""

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.base import FORWARD


def passes(settings: TrainingSettings, train: int, test: int) -> float:
    """Return how many images pass in training steps, tests included (`engines.base.Engine`)."""
    recipe = settings.recipe
    trained_on = recipe.images_per_epoch or settings.train_size or train
    each = trained_on * recipe.epochs + FORWARD * test * recipe.tests
    return each * len(settings.seeds)
