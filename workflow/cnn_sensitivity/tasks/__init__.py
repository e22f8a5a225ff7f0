"""Data: images and the scale-detection tasks, all in one format."""

from cnn_sensitivity.perturbations.corruption import corrupt
from cnn_sensitivity.tasks.prepare import BUILDERS, prepare
from cnn_sensitivity.tasks.store import Dataset, Split, load, normalize, save

__all__ = ["BUILDERS", "Dataset", "Split", "corrupt", "load", "normalize", "prepare", "save"]
