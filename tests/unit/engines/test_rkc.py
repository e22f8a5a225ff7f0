"""The Runge-Kutta-Chebyshev step: its order, its stability, its steps on a linear field."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from torch import Tensor

from cnn_sensitivity.engines.gradient_flow import rkc


def amplification(stages: int, z: np.ndarray) -> np.ndarray:
    """Return R(z), what a step makes of y where y' = (z/h) y and y = 1."""
    table = rkc.coefficients(stages)
    before, now = np.ones_like(z), 1 + table[1, 4] * z
    for j in range(2, stages + 1):
        w = table[j]
        before, now = now, w[0] + w[1] * now + w[2] * before + (w[3] * now + w[4]) * z
    return now


@pytest.mark.parametrize("stages", [2, 3, 7, 40, 100])
def test_a_step_is_of_second_order(stages: int) -> None:
    for z in (0.01, 0.1):
        error = amplification(stages, np.array(-z)) - np.exp(-z)
        assert abs(error) < 0.2 * z**3


@pytest.mark.parametrize("stages", [2, 3, 7, 40, 100])
def test_a_step_is_stable_over_the_interval_that_its_stages_promise(stages: int) -> None:
    # Beyond the interval, .653 (s + 1)^2 (Sommeijer, Shampine, Verwer), it is not.
    longest = (stages**2 - 1) / rkc.STIFFNESS
    assert np.abs(amplification(stages, -np.linspace(0, longest, 5001))).max() < 1 + 1e-12
    assert np.abs(amplification(stages, np.array(-0.9 * (stages + 1) ** 2))) > 1


def linear_field(matrix: Tensor) -> rkc.Field:
    """Return the flow theta' = -matrix theta, with theta as outputs too."""

    def field(theta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        return theta.clone(), theta @ matrix

    return field


def test_steps_follow_a_stiff_linear_field_and_know_its_spectral_radius() -> None:
    rates = torch.logspace(-1, 4, 12, dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64, generator=seeded(1)))[0]
    matrix = rotation @ torch.diag(rates) @ rotation.T
    start = torch.randn(2, 12, dtype=torch.float64, generator=seeded(2)) / 10
    stepper = rkc.Stepper(linear_field(matrix), start, scale=1.0, tolerance=1e-3)
    state, rows = stepper.first(), torch.arange(2)
    while state.time.min() < 1:
        stepper.advance(state, rows)
    for theta, time, begin in zip(state.theta, state.time, start, strict=True):
        exact = expm(-matrix.numpy() * float(time)) @ begin.numpy()
        assert np.linalg.norm(theta.numpy() - exact) < 3e-3 * np.linalg.norm(begin)
    assert state.radius == pytest.approx(1e4, rel=0.1)
    # Euler's step is stable below 2/1e4, so it needs 5,000 gradients to t = 1.
    assert state.evaluations.max() < 2000


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
