"""What the images are changed to: deformed, and under noise of the same norm."""

from typing import NamedTuple

import torch
from torch import Tensor

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.probe import own_perturbation

DEFORMATION = "diffeomorphism"
"""What the perturbation is called in tables, unless it is one of the user's own."""
CUTOFF = 3


class Changed(NamedTuple):
    """Images [P, C, n, n] deformed, the same under noise instead, and by what and how far.

    `displacement` is in pixels, or in units of a perturbation of the user's own.
    """

    deformed: Tensor
    noisy: Tensor
    displacement: float = 1.0
    perturbation: str = DEFORMATION


def perturbed(
    images: Tensor,
    displacement: float = 1.0,
    cutoff: int = CUTOFF,
    seed: int = 0,
    own: str | None = None,
) -> Changed:
    """Return images [P, C, n, n] deformed, and under noise of the same norm, each with its own.

    All draws follow from `seed`. `own`, "module:callable", stands in the place of the deformation
    of `cutoff`. Raises UserError for a displacement that is not positive, as `perturbations.deform`
    and as `own_perturbation.perturbed`.
    """
    if not displacement > 0:
        raise UserError(f"--displacement must be a positive number of pixels, not {displacement}")

    def generator(purpose: str) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed("probe", purpose, seed))

    if own is None:
        deformed = perturbations.deform(images, displacement, cutoff, generator("deformation"))
    else:
        drawn = derive_seed("probe", "deformation", seed)
        deformed = own_perturbation.perturbed(own, images, displacement, drawn)
    noise = perturbations.matched_noise(images, deformed, generator("noise"))
    return Changed(deformed, images + noise, displacement, own or DEFORMATION)
