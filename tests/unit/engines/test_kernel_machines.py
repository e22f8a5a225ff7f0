"""Machines, regression and flow with a kernel, against brute force."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from flow_cases import network, points
from scipy.linalg import expm
from scipy.optimize import minimize
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.gradient_flow import Settings, SoftHinge, Square
from cnn_sensitivity.engines.kernel import (
    AnalyticTangentKernel,
    EmpiricalTangentKernel,
    Kernel,
    KernelPredictor,
    linear_flow,
    ridgeless,
    support_vectors,
)

Fitted = Callable[[Kernel, Tensor, Tensor], KernelPredictor]


def flowed(kernel: Kernel, x: Tensor, y: Tensor) -> KernelPredictor:
    return linear_flow(kernel, x, y, loss=SoftHinge(), settings=Settings(stop=0.5))[0]


FITS = [support_vectors, ridgeless, flowed]


def test_the_machine_is_the_widest_margin() -> None:
    """Least a.K a with y (K a + b) >= 1, by sequential quadratic programming."""
    x, y = points(0, 10)
    kernel, (elsewhere, _) = AnalyticTangentKernel(), points(1, 50)
    gram, signs = kernel(x, x).numpy(), y.numpy()
    best = minimize(
        lambda v: v[:-1] @ gram @ v[:-1] / 2,
        np.zeros(11),
        jac=lambda v: np.append(gram @ v[:-1], 0),
        constraints={
            "type": "ineq",
            "fun": lambda v: signs * (gram @ v[:-1] + v[-1]) - 1,
            "jac": lambda v: signs[:, None] * np.hstack([gram, np.ones((10, 1))]),
        },
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    assert best.success
    exact = kernel(elsewhere, x).numpy() @ best.x[:-1] + best.x[-1]
    machine = support_vectors(kernel, x, y)
    assert machine(elsewhere).numpy() == pytest.approx(exact, rel=1e-3, abs=1e-3)
    assert float((y * machine(x)).min()) == pytest.approx(1, abs=1e-3)


def test_ridgeless_regression_interpolates_with_the_least_norm() -> None:
    (x, y), kernel = points(0), AnalyticTangentKernel()
    regression = ridgeless(kernel, x, y)
    torch.testing.assert_close(regression(x), y)
    exact = np.linalg.solve(kernel(x, x).numpy(), y.numpy())
    assert regression.dual.numpy() == pytest.approx(exact, rel=1e-6)


def test_ridgeless_regression_bears_a_point_that_is_there_twice() -> None:
    x, y = points(0)
    twice = ridgeless(AnalyticTangentKernel(), torch.cat([x, x[:1]]), torch.cat([y, y[:1]]))
    once = ridgeless(AnalyticTangentKernel(), x, y)
    elsewhere = points(1)[0]
    torch.testing.assert_close(twice(elsewhere), once(elsewhere), rtol=1e-4, atol=1e-4)


def test_the_flow_with_a_kernel_is_exponential_for_the_square_loss() -> None:
    (x, y), kernel, (elsewhere, _) = points(0), AnalyticTangentKernel(), points(1)
    settings = Settings(stop=0.5)
    predictor, fit = linear_flow(kernel, x, y, loss=Square(precision=0.3), settings=settings)
    gram, time = kernel(x, x).numpy(), fit.path.time.iloc[-1]
    learnt = y.numpy() - expm(-gram * time / len(y)) @ y.numpy()
    exact = kernel(elsewhere, x).numpy() @ np.linalg.solve(gram, learnt)
    error = np.linalg.norm(predictor(elsewhere).numpy() - exact)
    assert error < 0.005 * np.linalg.norm(exact)


@pytest.mark.parametrize("fitted", FITS)
def test_a_predictor_goes_through_its_state_dict_and_takes_any_batch(fitted: Fitted) -> None:
    x, y = points(0)
    kernel = EmpiricalTangentKernel(network(0))
    predictor = fitted(kernel, x, y)
    empty = KernelPredictor(
        EmpiricalTangentKernel(network(5)), torch.zeros_like(x), torch.zeros_like(y)
    )
    empty.load_state_dict(predictor.state_dict())
    elsewhere = points(1, 7)[0]
    with torch.no_grad():
        assert torch.equal(empty(elsewhere), predictor(elsewhere))
        torch.testing.assert_close(predictor(elsewhere[:1]), predictor(elsewhere)[:1])
        assert predictor(elsewhere.float()).dtype == torch.float64


@pytest.mark.parametrize("kernel", [AnalyticTangentKernel(), EmpiricalTangentKernel(network(0))])
def test_a_predictor_has_the_slope_of_finite_differences(kernel: Kernel) -> None:
    x, y = points(0)
    predictor = ridgeless(kernel, x, y)
    at = points(1, 3)[0].requires_grad_()
    (slope,) = torch.autograd.grad(predictor(at).sum(), at)
    direction = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    small = 1e-6
    with torch.no_grad():
        change = predictor(at + small * direction) - predictor(at - small * direction)
    expected = (slope * direction).sum(dim=1)
    torch.testing.assert_close(change / (2 * small), expected, rtol=1e-4, atol=1e-4)


def test_what_cannot_be_separated_or_learnt_is_refused() -> None:
    kernel, (x, y) = AnalyticTangentKernel(), points(0, 6)
    with pytest.raises(UserError, match="needs both"):
        support_vectors(kernel, x, torch.ones(6))
    with pytest.raises(UserError, match=r"a hinge needs \+1 or -1"):
        support_vectors(kernel, x, 2 * y)
    with pytest.raises(UserError, match="no kernel machine without slack separates"):
        support_vectors(kernel, torch.cat([x, x]), torch.cat([y, -y]))
    with pytest.raises(UserError, match=r"targets of shape \(5,\): 6 points need as many targets"):
        ridgeless(kernel, x, y[:5])
    with pytest.raises(UserError, match="the kernel of two of them is not a finite number"):
        ridgeless(kernel, x / 0, y)


def test_a_machine_that_need_not_separate_errs_on_what_contradicts_itself_alone() -> None:
    """Of one point with both labels one is wrong; all others are on their side."""
    kernel, (x, y) = AnalyticTangentKernel(), points(0, 6)
    inputs, targets = torch.cat([x, x[:1]]), torch.cat([y, -y[:1]])
    machine = support_vectors(kernel, inputs, targets, separates=False)
    right = machine(inputs) * targets > 0
    assert bool(right[1:6].all())
    assert int(right[[0, 6]].sum()) == 1
