"""Random numbers and shapes that all perturbations share."""

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError


def side(images: Tensor) -> int:
    """Return n of images [B, C, n, n]; raise UserError for images of another shape."""
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise UserError(f"images must have shape [B, C, n, n], not {tuple(images.shape)}")
    return images.shape[3]


def normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw standard normal numbers on the generator's device, for use beside `like`."""
    device = like.device if generator is None else generator.device
    return torch.randn(shape, generator=generator, dtype=like.dtype, device=device).to(like.device)
