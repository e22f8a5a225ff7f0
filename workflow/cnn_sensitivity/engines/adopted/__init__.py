"""Networks that were trained elsewhere: a file of weights becomes the checkpoint of a run."""

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.base import FORWARD


def passes(settings: TrainingSettings, train: int, test: int) -> float:
    """Return how many images pass in training steps: all are tested (`engines.base.Engine`)."""
    return FORWARD * test
