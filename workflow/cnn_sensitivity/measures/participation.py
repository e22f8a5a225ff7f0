"""How many neurons of a network with one hidden layer take part in what it says (S22).

Weights are theta [h, d] into the layer and w [h] out of it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.base import Measure, Row, Seen
from cnn_sensitivity.networks.scaled_change import trained_network


@dataclass(frozen=True)
class Participation(Measure):
    """`participation` of the neurons, `neurons` h; no rows of what has no neurons.

    Raises UserError, from `rows`, for a network that has not one hidden layer and one output.
    """

    def rows(self, seen: Seen) -> list[Row]:
        sizes = neuron_sizes(seen.network)
        if sizes is None:
            return []
        numbers = {"participation": participation(sizes), "neurons": float(len(sizes))}
        return [
            {"layer": "hidden", "index": 0, "quantity": name, "value": value}
            for name, value in numbers.items()
        ]


def participation(sizes: Tensor) -> float:
    """Return (sum_h s_h)^2 / sum_h s_h^2 of sizes s [h]: from 1, one neuron alone, to h."""
    return float(sizes.sum().square() / sizes.square().sum())


def neuron_sizes(network: nn.Module) -> Tensor | None:
    """Return |theta_h| |w_h| [h], of a flow those of its network; None without weights."""
    layers = [x.detach() for x in trained_network(network).parameters() if x.ndim == 2]
    if not layers:
        return None
    if len(layers) != 2 or layers[1].shape[0] != 1:
        raise UserError("participation: of networks with one hidden layer and one output")
    inwards, outwards = (x.to(torch.float64) for x in layers)
    return inwards.norm(dim=1) * outwards[0].abs()


MEASURE = Participation
