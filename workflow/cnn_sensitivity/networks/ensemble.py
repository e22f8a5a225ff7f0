"""The mean output of several networks, as a network."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """f(x) = (1/S) sum_s f_s(x) of S members with outputs of one shape."""

    def __init__(self, members: Sequence[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.outputs(inputs).mean(dim=0)

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs of each member [S, B, ...]."""
        return torch.stack([member(inputs) for member in self.members])
