"""Networks in evaluation and as they were afterwards, and what they are given."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and back into its own mode; no gradients meanwhile."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def given_to(network: nn.Module, images: Tensor) -> Tensor:
    """Return a copy of images, which a network may change, of its first weight's device and type.

    So measurements pass them: a network in float64 sees float64.
    """
    place = next(network.parameters(), images)
    return images.to(place.device, place.dtype, copy=True)
