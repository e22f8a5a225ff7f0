"""Full-batch gradient flow of F = alpha (f - f0), to the end, of any network of one output."""

from cnn_sensitivity.engines.gradient_flow.fit import Fit, Interrupted, Saving, fit, fit_members
from cnn_sensitivity.engines.gradient_flow.flow import DEFAULTS, Settings
from cnn_sensitivity.engines.gradient_flow.losses import Hinge, Loss, SoftHinge, Square
from cnn_sensitivity.networks.scaled_change import ScaledChange

__all__ = [
    "DEFAULTS",
    "Fit",
    "Hinge",
    "Interrupted",
    "Loss",
    "ScaledChange",
    "Saving",
    "Settings",
    "SoftHinge",
    "Square",
    "fit",
    "fit_members",
]
