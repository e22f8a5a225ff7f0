"""Gaussian noise as large as a deformation."""

import torch
from torch import Tensor
from torch.nn import functional

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.perturbations.draws import normal


def matched_noise(
    images: Tensor,
    deformed: Tensor,
    generator: torch.Generator | None = None,
    rectify: bool = False,
    norm: str = "per_image",
) -> Tensor:
    """Return Gaussian noise [B, ...], to be added to `images`, as large as their deformation.

    `norm`: "per_image" rescales each image's noise to exactly ||deformed - image||; "mean" to the
    mean of these norms over the images (T22, Figure 1 right); "variance" rescales nothing and
    draws from N(0, s^2), s^2 the mean squared pixel difference over the batch (T22's
    one-dimensional task). With `rectify` negative noise becomes zero, last of all: its norm is
    then about 1/sqrt(2) of the match, and so T22's numbers for constant filters come out. Raises
    UserError for another `norm`.
    """
    if norm not in ("per_image", "mean", "variance"):
        raise UserError(f'norm must be "per_image", "mean" or "variance", not {norm!r}')
    change = (deformed - images).flatten(1)
    noise = normal(change.shape, change, generator)
    if norm == "variance":
        noise = noise * change.square().mean().sqrt()
    else:
        sizes = change.norm(dim=1, keepdim=True)
        noise = functional.normalize(noise, dim=1) * (sizes.mean() if norm == "mean" else sizes)
    return (noise.clamp(min=0) if rectify else noise).view_as(images)
