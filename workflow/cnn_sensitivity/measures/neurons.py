"""Where the neurons of the first layer switch on: the vectors whose flow C21 shows."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.base import Measure, Row, Seen
from cnn_sensitivity.networks.scaled_change import trained_network


@dataclass(frozen=True)
class Neurons(Measure):
    """For neuron 1, 2, ... of the first layer: `bias`, and `place_1`, `place_2`, ... in the input.

    The place is that of the hyperplane omega.x/sqrt(d) + b = 0, its point nearest to the origin:
    z = -sqrt(d) b omega/|omega|^2 (C21 [text: animations.md]).
    """

    needs: ClassVar[tuple[str, ...]] = ("images",)

    def rows(self, seen: Seen) -> list[Row]:
        found, bias = places(trained_network(seen.network))
        numbers = torch.cat([bias[:, None], found], dim=1).tolist()
        names = ["bias", *(f"place_{at + 1}" for at in range(found.shape[1]))]
        return [
            {"layer": "1", "index": 0, "quantity": name, "value": value, "neuron": neuron}
            for neuron, values in enumerate(numbers, start=1)
            for name, value in zip(names, values, strict=True)
        ]


def places(network: nn.Module) -> tuple[Tensor, Tensor]:
    """Return z [h, d] and the biases [h] of a network's first layer.

    Raises:
        UserError: it has no layer with weights and biases.
    """
    layer = next((each for each in network.modules() if isinstance(each, nn.Linear)), None)
    if layer is None or layer.bias is None:
        raise UserError("neurons: of a network whose first layer has weights and biases")
    weights, bias = layer.weight.double(), layer.bias.double()
    squares = weights.square().sum(dim=1, keepdim=True)
    return -sqrt(weights.shape[1]) * bias[:, None] * weights / squares, bias


MEASURE = Neurons
