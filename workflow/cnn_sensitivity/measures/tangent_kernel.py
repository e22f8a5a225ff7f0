"""What the tangent kernel of a network learns, and how it is aligned with the labels (C21)."""

import copy
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.engines.kernel.machines import support_vectors
from cnn_sensitivity.measures.base import Measure, Row, Seen, Stimuli
from cnn_sensitivity.measures.compression import compression
from cnn_sensitivity.networks.kernel_predictor import KernelPredictor
from cnn_sensitivity.networks.scaled_change import ScaledChange
from cnn_sensitivity.networks.tangent_kernels import Kernel, of_network
from cnn_sensitivity.tasks.points.signed import Signed, test_error

TOP = 10
"""Eigenvectors that count as the top ones."""
MODES = 30
"""Modes that are listed."""


@dataclass(frozen=True)
class TangentKernel(Measure):
    """The error of the hard-margin machine on the network's empirical kernel, and its spectrum.

    `kernel_error`: on all test points, trained on the seed's training set; `kernel_unfitted`: on
    that set. A kernel that has all but lost a direction can be too flat to separate all points in
    float64: the machine has then slack, at the C of a hard margin. `stretched_error`: of
    the initial network's kernel where the uninformative coordinates are divided by the network's
    lambda (C21). `top_share`: the share of |y|^2 on the `TOP` eigenvectors of largest eigenvalue.
    For mode 1, 2, ...: `eigenvalue`, over the trace, and `projection`, the share of |y|^2 on it.
    """

    needs: ClassVar[tuple[str, ...]] = ("images",)
    of_learned: ClassVar[bool] = True
    informative: int

    @classmethod
    def of(cls, measurement: Measurement, stimuli: Stimuli) -> Self:
        return cls(measurement.informative)

    def rows(self, seen: Seen) -> list[Row]:
        learned, network = seen.learned, seen.network
        assert learned is not None
        trained = initial = network
        if isinstance(network, ScaledChange):
            trained, initial = network.network, network.initial
        kernel = tangent_kernel(trained)
        values, shares = spectrum(kernel, learned.training)
        factor = compression(trained, self.informative)
        machine = _machine(kernel, learned.training)
        stretched = _machine(tangent_kernel(initial), self._stretched(learned.training, factor))
        rows = [
            _row("kernel_error", test_error(machine, learned.test)),
            _row("kernel_unfitted", test_error(machine, learned.training)),
            _row("stretched_error", test_error(stretched, self._stretched(learned.test, factor))),
            _row("top_share", float(shares[:TOP].sum())),
        ]
        for mode in range(min(MODES, len(values))):
            rows.append(_row("eigenvalue", float(values[mode]), mode + 1))
            rows.append(_row("projection", float(shares[mode]), mode + 1))
        return rows

    def _stretched(self, points: Signed, factor: float) -> Signed:
        inputs = points.inputs.clone()
        inputs[:, self.informative :] /= factor
        return Signed(inputs, points.targets)


def spectrum(kernel: nn.Module, points: Signed) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues [P] of the Gram matrix over its trace, and the shares of |y|^2 [P].

    Both by falling eigenvalue; the shares are those on the eigenvectors.
    """
    gram = kernel(points.inputs, points.inputs)
    values, vectors = torch.linalg.eigh((gram + gram.T) / 2)
    shares = (vectors.T @ points.targets) ** 2 / points.targets.square().sum()
    return values.flip(0) / gram.trace(), shares.flip(0)


def tangent_kernel(network: nn.Module) -> Kernel:
    """Return the kernel in all parameters; a flow's initial network has them without gradients.

    Raises:
        UserError: it has no weights.
    """
    if not list(network.parameters()):
        raise UserError("tangent_kernel: of a network with weights, not of a kernel machine")
    return of_network(copy.deepcopy(network).double().requires_grad_(True))


def _machine(kernel: Kernel, training: Signed) -> KernelPredictor:
    return support_vectors(kernel, training.inputs, training.targets, separates=False)


def _row(quantity: str, value: float, mode: int | None = None) -> Row:
    row = {"layer": "output", "index": 1, "quantity": quantity, "value": value}
    return row if mode is None else {**row, "mode": mode}


MEASURE = TangentKernel
