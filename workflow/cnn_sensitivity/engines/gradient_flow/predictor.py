"""What a gradient flow learns: the network less what it said at initialisation."""

import copy

import torch
from torch import Tensor, nn


class Predictor(nn.Module):
    """F(x) = alpha (f(x) - f0(x)): inputs [B, ...] to [B]. Holds both networks and alpha."""

    alpha: Tensor

    def __init__(self, network: nn.Module, alpha: float):
        super().__init__()
        self.network = network
        self.initial = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("alpha", torch.tensor(alpha, dtype=torch.float64))

    def forward(self, inputs: Tensor) -> Tensor:
        moved = self.network(inputs) - self.initial(inputs)
        return (self.alpha.to(moved) * moved).reshape(len(inputs))
