"""How far the tangent kernel of a network moved while it learned (L21)."""

from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures.base import Measure, Row, Seen, Stimuli
from cnn_sensitivity.networks.scaled_change import ScaledChange
from cnn_sensitivity.networks.tangent_kernels import LayerwiseTangentKernel


@dataclass(frozen=True)
class KernelChange(Measure):
    """`kernel_change` = |Theta - Theta_0| / |Theta_0| of a flow's network.

    Frobenius norms of the Gram matrices of the empirical tangent kernel on the first `points` test
    points, at the end and at initialisation. Other networks have no rows. Source: Geiger 2021
    [code].
    """

    of_learned: ClassVar[bool] = True
    points: int

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        return cls(measurement.images)

    def rows(self, seen: Seen) -> list[Row]:
        assert seen.learned is not None
        network, inputs = seen.network, seen.learned.test.inputs
        if len(inputs) < self.points:
            raise UserError(
                f"kernel_change: images {self.points}: there are {len(inputs)} test points"
            )
        shown = inputs[: self.points]
        if isinstance(network, nn.Sequential) and isinstance(network[-1], ScaledChange):
            shown, network = network[:-1](shown), network[-1]
        if not isinstance(network, ScaledChange):
            return []
        change = kernel_change(network, shown)
        return [{"layer": "output", "index": 1, "quantity": "kernel_change", "value": change}]


def kernel_change(change: ScaledChange, points: Tensor) -> float:
    """Return |Theta - Theta_0| / |Theta_0| on points [n, ...], as the networks see them."""
    final = LayerwiseTangentKernel(change.network)(points, points)
    initial = LayerwiseTangentKernel(change.initial)(points, points)
    return float((final - initial).norm() / initial.norm())


MEASURE = KernelChange
