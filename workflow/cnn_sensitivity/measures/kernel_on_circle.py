"""The tangent kernel between points of a circle, of networks of two coordinates (C21)."""

from dataclasses import dataclass
from math import pi, sqrt
from typing import ClassVar

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.base import Measure, Row, Seen
from cnn_sensitivity.measures.tangent_kernel import tangent_kernel
from cnn_sensitivity.networks.scaled_change import trained_network

RADIUS = sqrt(2)
"""The root mean square of |x| of x ~ N(0, 1) in the plane [code: utils.Kcircle_map]."""
POINTS = 48


@dataclass(frozen=True)
class KernelOnCircle(Measure):
    """`kernel`: K(x, x') over the mean of K(x, x), for x and x' at angles `angle`, `other_angle`.

    The circle has the radius `RADIUS`; angles are counted from the informative axis, in radians.
    """

    needs: ClassVar[tuple[str, ...]] = ("images",)

    def check(self, images: Tensor) -> None:
        if images.ndim != 2 or images.shape[1] != 2:
            raise UserError(
                f"kernel_on_circle: of points [P, 2] in a plane, not of shape {list(images.shape)}"
            )

    def rows(self, seen: Seen) -> list[Row]:
        angles = torch.arange(POINTS, dtype=torch.float64) * (2 * pi / POINTS)
        gram = on_circle(trained_network(seen.network), angles)
        return [
            {
                "layer": "output",
                "index": 1,
                "quantity": "kernel",
                "value": float(gram[row, column]),
                "angle": float(angles[row]),
                "other_angle": float(angles[column]),
            }
            for row in range(POINTS)
            for column in range(POINTS)
        ]


def on_circle(network: nn.Module, angles: Tensor) -> Tensor:
    """Return the tangent kernel [A, A] at angles [A], over the mean of its diagonal."""
    points = RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)
    gram = tangent_kernel(network)(points, points)
    return gram / gram.diagonal().mean()


MEASURE = KernelOnCircle
