"""Small flows that several tests share."""

import numpy as np
import torch
from torch import Tensor, nn

from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.tasks.points.stripe import stripe


def network(seed: int, width: int = 30, **options: object) -> nn.Module:
    """Return a network on three inputs, in float64."""
    torch.manual_seed(seed)
    return ntk_fully_connected(3, width, **options).double()  # type: ignore[arg-type]


def points(seed: int, count: int = 24) -> tuple[Tensor, Tensor]:
    """Return points of the stripe in three dimensions and their targets."""
    x, y = stripe(np.random.default_rng(seed), count, 3)
    return torch.from_numpy(x), torch.from_numpy(y)
