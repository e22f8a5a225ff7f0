"""Losses of a predictor F on targets y, with their slopes and when a point counts as fitted.

Outputs F and targets y are [..., P]; all functions act point by point.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError


class Loss(Protocol):
    """What the flow needs of a loss."""

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return l(F, y)."""

    def slope(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return dl/dF."""

    def fitted(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which points are fitted."""

    def check(self, targets: Tensor) -> None:
        """Raise UserError where the loss is not defined on these targets."""


@dataclass(frozen=True)
class Hinge:
    """l = max(0, 1 - y F), y = +-1; fitted where y F >= 1 (C21)."""

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.relu(1 - targets * outputs)

    def slope(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.where(targets * outputs < 1, -targets, 0)

    def fitted(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return targets * outputs >= 1

    def check(self, targets: Tensor) -> None:
        check_signs(targets)


@dataclass(frozen=True)
class SoftHinge:
    """l = softplus_b(1 - y F), softplus_b(z) = log(1 + exp(b z))/b; fitted where y F >= 1.

    b = 20 in S22 and L21 [code]. A hinge costs the flow 5 to 40 times more evaluations.
    """

    beta: float = 20.0

    def __post_init__(self) -> None:
        if not (self.beta > 0 and isfinite(self.beta)):
            raise UserError(f"beta {self.beta} of the soft hinge: it must be positive")

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.nn.functional.softplus(1 - targets * outputs, beta=self.beta)

    def slope(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return -targets * torch.sigmoid(self.beta * (1 - targets * outputs))

    def fitted(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return targets * outputs >= 1

    def check(self, targets: Tensor) -> None:
        check_signs(targets)


@dataclass(frozen=True)
class Square:
    """l = (F - y)^2 / 2; fitted where |F - y| <= precision."""

    precision: float = 0.01

    def __post_init__(self) -> None:
        if not (self.precision > 0 and isfinite(self.precision)):
            raise UserError(f"precision {self.precision} of the square loss: it must be positive")

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets) ** 2 / 2

    def slope(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs - targets

    def fitted(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).abs() <= self.precision

    def check(self, targets: Tensor) -> None:
        if not bool(torch.isfinite(targets).all()):
            raise UserError("targets: one of them is not a finite number")


def check_signs(targets: Tensor) -> None:
    """Raise UserError for targets that are not +1 or -1."""
    wrong = targets[targets.abs() != 1]
    if len(wrong):
        raise UserError(f"targets: a hinge needs +1 or -1, and one of them is {wrong[0]:g}")
