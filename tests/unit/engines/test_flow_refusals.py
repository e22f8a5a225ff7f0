"""What a flow refuses, in one sentence each."""

import pytest
import torch
from flow_cases import network, points
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.gradient_flow import Hinge, Settings, SoftHinge, Square

X, Y = points(0)


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_alpha_must_be_positive(alpha: float) -> None:
    with pytest.raises(UserError, match=r"alpha .*: it must be positive and finite"):
        gradient_flow.fit(network(0), X, Y, alpha=alpha, loss=SoftHinge())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(tolerance=0.0), "tolerance 0.0: it must lie between 0 and 1"),
        (Settings(tolerance=float("nan")), "tolerance nan: it must lie between 0 and 1"),
        (Settings(stop=0.0), "share 0.0 of fitted points: it must be above 0, at most 1"),
        (Settings(shares=(0.5, 1.5)), "share 1.5 of fitted points"),
        (Settings(budget=0), "budget 0: it must be at least one"),
    ],
)
def test_settings_must_be_in_range(settings: Settings, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        gradient_flow.fit(network(0), X, Y, alpha=1.0, loss=SoftHinge(), settings=settings)


@pytest.mark.parametrize("loss", [Hinge(), SoftHinge()])
def test_a_hinge_needs_signs(loss: gradient_flow.Loss) -> None:
    with pytest.raises(UserError, match=r"targets: a hinge needs \+1 or -1, and one of them is 0"):
        gradient_flow.fit(network(0), X, (Y + 1) / 2, alpha=1.0, loss=loss)


def test_the_square_loss_needs_finite_targets() -> None:
    with pytest.raises(UserError, match="targets: one of them is not a finite number"):
        gradient_flow.fit(network(0), X, Y / 0, alpha=1.0, loss=Square())


@pytest.mark.parametrize("of", [SoftHinge, Square])
def test_the_parameter_of_a_loss_is_positive(of: type) -> None:
    with pytest.raises(UserError, match="it must be positive"):
        of(0.0)


@pytest.mark.parametrize(
    ("inputs", "targets", "sentence"),
    [
        (X, Y[:-1], r"targets of shape \(1, 23\): 1 networks need \[1, P, ...\]"),
        (X[:0], Y[:0], "P at least 1"),
        (X / 0, Y, "inputs: one of them is not a finite number"),
    ],
)
def test_inputs_and_targets_must_fit(inputs: Tensor, targets: Tensor, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        gradient_flow.fit(network(0), inputs, targets, alpha=1.0, loss=SoftHinge())


def test_the_network_must_have_one_output_and_something_to_train() -> None:
    with pytest.raises(
        UserError, match=r"it must return 24 numbers, not a tensor of shape \(24, 2\)"
    ):
        gradient_flow.fit(nn.Linear(3, 2), X, Y, alpha=1.0, loss=SoftHinge())
    with pytest.raises(UserError, match="network: it has no parameter to train"):
        gradient_flow.fit(network(0).requires_grad_(False), X, Y, alpha=1.0, loss=SoftHinge())


def test_a_flow_that_does_not_move_is_refused() -> None:
    start = network(0)
    for parameter in start.parameters():
        nn.init.zeros_(parameter)
    with pytest.raises(UserError, match="member 0: the flow does not move, its gradient is zero"):
        gradient_flow.fit(start, X, Y, alpha=1.0, loss=SoftHinge())


def test_a_network_that_is_not_finite_at_the_start_is_refused() -> None:
    start = network(0)
    nn.init.constant_(start.output.weight, float("inf"))
    with pytest.raises(UserError, match="member 0: the flow cannot start"):
        gradient_flow.fit(start, X, Y, alpha=1.0, loss=SoftHinge())


def test_a_flow_into_a_wall_is_said_to_diverge() -> None:
    """log w falls without bound as w reaches zero, in finite time."""

    class Log(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, inputs: Tensor) -> Tensor:
            return torch.log(self.w) * inputs[:, 0]

    x = torch.ones(1, 1, dtype=torch.float64)
    with pytest.raises(UserError, match="member 0: the flow diverges at t = "):
        gradient_flow.fit(Log(), x, -100 * x[0], alpha=0.01, loss=Square())
