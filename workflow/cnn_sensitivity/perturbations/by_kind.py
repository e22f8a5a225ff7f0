"""The perturbations that a configuration can name: the one place that knows all of them."""

from collections.abc import Callable

import torch
from torch import Tensor

from cnn_sensitivity.config import Perturbation
from cnn_sensitivity.perturbations import (
    diffeomorphism,
    pixel_moves,
    thin_plate_spline,
    uninformative_steps,
)

_BY_KIND: dict[str, Callable[..., Tensor]] = {
    "diffeomorphism": diffeomorphism.perturb,
    "pixel_moves": pixel_moves.perturb,
    "thin_plate": thin_plate_spline.perturb,
    "uninformative_steps": uninformative_steps.perturb,
}


def perturb(
    images: Tensor, parameters: Perturbation, generator: torch.Generator | None = None
) -> Tensor:
    """Return the images [B, C, ...] under the perturbation that `parameters` describe."""
    return _BY_KIND[parameters.kind](images, parameters, generator)
