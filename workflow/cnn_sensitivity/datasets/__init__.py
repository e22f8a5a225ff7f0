"""Data: images and the scale-detection tasks, all in one format."""

from cnn_sensitivity.datasets.corruption import corrupt
from cnn_sensitivity.datasets.prepare import BUILDERS, prepare
from cnn_sensitivity.datasets.store import Dataset, Split, load, normalize, save

__all__ = ["BUILDERS", "Dataset", "Split", "corrupt", "load", "normalize", "prepare", "save"]
