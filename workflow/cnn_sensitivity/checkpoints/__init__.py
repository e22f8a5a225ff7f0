"""One sealed format of what was fitted: predictors by seed and state."""

from cnn_sensitivity.checkpoints.checkpoint import Checkpoint, load

__all__ = ["Checkpoint", "load"]
