"""Training: from settings and a data set to a checkpoint and a table of every epoch."""

from .checkpoint import Checkpoint, load
from .job import train

__all__ = ["Checkpoint", "load", "train"]
