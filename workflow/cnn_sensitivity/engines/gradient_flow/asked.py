"""The flows that a configuration's `fit:` asks for, of networks with their training sets."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from cnn_sensitivity.config.fits import GradientFlow
from cnn_sensitivity.engines.gradient_flow.fit import Fit, Saving, fit_members
from cnn_sensitivity.engines.gradient_flow.flow import Observables, Settings
from cnn_sensitivity.engines.gradient_flow.losses import Hinge, Loss, SoftHinge, Square
from cnn_sensitivity.tasks.points.signed import Signed

LOSSES: dict[str, Callable[[GradientFlow], Loss]] = {
    "soft_hinge": lambda told: SoftHinge(told.beta),
    "hinge": lambda told: Hinge(),
    "square": lambda told: Square(),
}


def flows(
    told: GradientFlow,
    networks: Sequence[nn.Module],
    sets: Sequence[Signed],
    alpha: float,
    observables: Observables | None = None,
    saving: Saving | None = None,
) -> list[Fit]:
    """Return the flow of each network on the set of its place (`fit_members`, which says more).

    Raises:
        UserError, Interrupted: as `fit_members`.
    """
    return fit_members(
        networks,
        torch.stack([each.inputs for each in sets]),
        torch.stack([each.targets for each in sets]),
        alpha=alpha,
        loss=LOSSES[told.loss](told),
        settings=Settings(told.stop, told.budget, tuple(told.shares), told.tolerance),
        observables=observables,
        saving=saving,
    )
