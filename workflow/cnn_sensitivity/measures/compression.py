"""How insensitive a network is to coordinates that the label does not depend on (C21).

Points are [P, d], the first `informative` coordinates the informative ones.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures.base import Measure, Row, Seen, Stimuli
from cnn_sensitivity.networks.scaled_change import trained_network

SHIFT = 0.1
"""By which points are moved along a coordinate, of the standard deviation 1."""


@dataclass(frozen=True)
class Compression(Measure):
    """`lambda` of the first layer's weights, and the output's sensitivity to shifts of the points.

    lambda = rms over neurons of the informative weights over that of the others, a coordinate each
    (C21 [code]). `D_informative`, `D_uninformative`: mean over coordinates and points of
    |f(x + s e) - f(x)|^2, s = `SHIFT`, over its mean over pairs |f(x) - f(x')|^2, as T22 normalises
    a sensitivity. `D_ratio` is the second over the first.
    """

    needs: ClassVar[tuple[str, ...]] = ("images",)
    informative: int

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        return cls(measurement.informative)

    def check(self, images: Tensor) -> None:
        if images.ndim != 2 or images.shape[1] <= self.informative:
            raise UserError(
                f"compression: of inputs [P, d] with d above {self.informative} informative"
                f" coordinates, not of shape {list(images.shape)}"
            )

    def rows(self, seen: Seen) -> list[Row]:
        changes = shifted(seen.network, seen.sets[0])
        informative = changes[: self.informative].mean()
        uninformative = changes[self.informative :].mean()
        numbers = {
            "lambda": compression(seen.network, self.informative),
            "D_informative": float(informative),
            "D_uninformative": float(uninformative),
            "D_ratio": float(uninformative / informative),  # of a constant output nan
        }
        return [
            {"layer": "output", "index": 1, "quantity": name, "value": value}
            for name, value in numbers.items()
        ]


def compression(network: nn.Module, informative: int) -> float:
    """Return lambda of the first matrix of weights of a network that has one, else nan."""
    parameters = trained_network(network).parameters()
    weights = next((x.detach() for x in parameters if x.ndim == 2), None)
    if weights is None:
        return float("nan")
    first, others = weights[:, :informative], weights[:, informative:]
    return float((first.square().mean() / others.square().mean()).sqrt())


def shifted(network: nn.Module, points: Tensor) -> Tensor:
    """Return the normalised change of the output by a shift along each coordinate [d]."""
    outputs = network(points).reshape(len(points), -1)
    pairs = 2 * outputs.var(dim=0, unbiased=False).sum()
    changes = []
    for coordinate in range(points.shape[1]):
        moved = points.clone()
        moved[:, coordinate] += SHIFT
        change = network(moved).reshape(len(points), -1) - outputs
        changes.append(change.square().sum(dim=1).mean() / pairs)
    return torch.stack(changes)


MEASURE = Compression
