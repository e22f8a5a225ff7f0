"""Training: from settings and a data set to a checkpoint and a table of every epoch.

What was trained elsewhere is adopted: it becomes the same checkpoint.
"""

from .adoption import adopt
from .checkpoint import Checkpoint, load
from .job import train

__all__ = ["Checkpoint", "adopt", "load", "train"]
