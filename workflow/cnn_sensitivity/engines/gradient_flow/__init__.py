"""Full-batch gradient flow of F = alpha (f - f0), to the end, of any network of one output."""

from .fit import Fit, Interrupted, Saving, fit, fit_members
from .flow import DEFAULTS, Settings
from .losses import Hinge, Loss, SoftHinge, Square
from .predictor import Predictor

__all__ = [
    "DEFAULTS",
    "Fit",
    "Hinge",
    "Interrupted",
    "Loss",
    "Predictor",
    "Saving",
    "Settings",
    "SoftHinge",
    "Square",
    "fit",
    "fit_members",
]
