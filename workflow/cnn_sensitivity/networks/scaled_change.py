"""What a gradient flow learns: the network less what it said at initialisation."""

import copy

import torch
from torch import Tensor, nn


class ScaledChange(nn.Module):
    """F(x) = alpha (f(x) - f0(x)): inputs [B, ...] to [B], computed in the networks' type."""

    alpha: Tensor

    def __init__(self, network: nn.Module, alpha: float):
        super().__init__()
        self.network = network
        self.initial = copy.deepcopy(network).requires_grad_(False)
        dtype = next(network.parameters()).dtype
        self.register_buffer("alpha", torch.tensor(alpha, dtype=dtype))

    def forward(self, inputs: Tensor) -> Tensor:
        inputs = inputs.to(self.alpha.dtype)
        moved = self.network(inputs) - self.initial(inputs)
        return self.alpha * moved.reshape(len(inputs))


def trained_network(predictor: nn.Module) -> nn.Module:
    """Return the network that a flow trained, wherever it is in a predictor; else the predictor."""
    flow = next((each for each in predictor.modules() if isinstance(each, ScaledChange)), None)
    return predictor if flow is None else flow.network
