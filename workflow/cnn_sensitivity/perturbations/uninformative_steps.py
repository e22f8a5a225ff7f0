"""Steps along the coordinates that the label of a point does not depend on."""

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import UninformativeSteps
from cnn_sensitivity.perturbations.draws import normal


def perturb(
    points: Tensor, parameters: UninformativeSteps, generator: torch.Generator | None = None
) -> Tensor:
    """Return points moved as a configuration says: see `step_aside`."""
    return step_aside(points, parameters.step, parameters.informative, generator)


def step_aside(
    points: Tensor,
    step: float = 0.001,
    informative: int = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return points [P, d] + nu: nu_i ~ N(0, step^2) for i > `informative`, 0 for the first ones.

    It is isotropic noise without its informative components, the deformation of P21's simple
    model, in which the label does not change (inferred: the paper's own is not known). Raises
    UserError for other shapes, and where every coordinate is informative.
    """
    if points.ndim != 2 or points.shape[1] <= informative:
        raise UserError(
            f"points must have shape [P, d] with d above the {informative} informative"
            f" coordinates, not {tuple(points.shape)}"
        )
    steps = step * normal(tuple(points.shape), points, generator)
    steps[:, :informative] = 0
    return points + steps
