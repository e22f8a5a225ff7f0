"""Steps along what a label does not depend on, and the noise beside them."""

import pytest
import torch
from torch import nn

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import UninformativeSteps
from cnn_sensitivity.measures import sensitivity


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(count: int, dimension: int) -> torch.Tensor:
    return torch.randn(count, dimension, generator=seeded(1), dtype=torch.float64)


@pytest.mark.parametrize("informative", [1, 2])
def test_informative_coordinates_stay_and_others_move_by_normal_steps(informative: int) -> None:
    x = points(20_000, 4)
    moved = perturbations.step_aside(x, 0.3, informative, seeded()) - x
    assert not moved[:, :informative].any()
    steps = moved[:, informative:]
    covariance = steps.T @ steps / len(steps)
    expected = 0.09 * torch.eye(4 - informative, dtype=torch.float64)
    torch.testing.assert_close(covariance, expected, atol=0.003, rtol=0)
    assert (steps**4).mean().item() == pytest.approx(3 * 0.3**4, rel=0.05)


def test_the_configuration_names_them() -> None:
    x, told = points(5, 3), UninformativeSteps(step=0.2, informative=2)
    found = perturbations.perturb(x, told, seeded(2))
    assert torch.equal(found, perturbations.step_aside(x, 0.2, 2, seeded(2)))


@pytest.mark.parametrize(("shape", "informative"), [((5, 3), 3), ((5, 1, 4, 4), 1), ((5,), 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...], informative: int) -> None:
    with pytest.raises(UserError, match=r"shape \[P, d\] with d above the"):
        perturbations.step_aside(torch.zeros(shape), 0.1, informative)


def test_of_a_linear_function_r_is_that_of_its_weights() -> None:
    """f = w.x, for w = (lambda, 1, .., 1): R = d / (d - 1 + lambda^2), (d - 1)/d of it without the
    noise's norm."""
    dimension, ratio = 5, 3.0
    layer = nn.Linear(dimension, 1, bias=False, dtype=torch.float64)
    layer.weight.data = torch.tensor([[ratio, *[1.0] * (dimension - 1)]], dtype=torch.float64)
    x = points(20_000, dimension)
    moved = perturbations.step_aside(x, 1e-3, 1, seeded(3))
    noisy = x + perturbations.matched_noise(x, moved, seeded(4))
    r = sensitivity.measure(layer, x, moved, noisy, batch_size=5000)["R"].item()
    assert r == pytest.approx(dimension / (dimension - 1 + ratio**2), rel=0.03)
