"""The gradient flow, against closed forms and against an integration of high accuracy."""

import runpy
from math import sqrt

import numpy as np
import pytest
import torch
from checkout import ROOT
from flow_cases import network, points
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from cnn_sensitivity.engines import gradient_flow
from cnn_sensitivity.engines.gradient_flow import Hinge, ScaledChange, Settings, SoftHinge, Square
from cnn_sensitivity.engines.gradient_flow.members import Members
from cnn_sensitivity.engines.kernel import (
    AnalyticTangentKernel,
    EmpiricalTangentKernel,
    support_vectors,
)


def compression(predictor: ScaledChange) -> float:
    """Return Lambda = sqrt(<w_1^2> / <mean of w_perp^2>) (C21)."""
    weight = predictor.network.linear1.weight.detach()  # type: ignore[union-attr]
    return sqrt(float((weight[:, 0] ** 2).mean() / (weight[:, 1:] ** 2).mean()))


def test_gradients_are_those_of_the_mean_loss_over_alpha() -> None:
    """theta' = -grad (1/P) sum l(F, y)/alpha, by automatic differentiation of its definition."""
    alpha, loss, member = 3.0, SoftHinge(), network(0, hidden_layers=2, activation="swish")
    x, y = points(0)
    members = Members([member], x[None], y[None], alpha, loss)
    moved = network(1, hidden_layers=2, activation="swish")
    theta = parameters_to_vector(moved.parameters()).detach()[None]
    outputs, gradient = members(theta, torch.tensor([0]))

    predicted = alpha * (moved(x) - member(x).detach())
    (loss.value(predicted, y).mean() / alpha).backward()
    torch.testing.assert_close(outputs[0], predicted.detach())
    expected = torch.cat([parameter.grad.flatten() for parameter in moved.parameters()])
    torch.testing.assert_close(gradient[0], expected)


@pytest.mark.parametrize("loss", [Hinge(), SoftHinge(beta=5.0), Square()])
def test_slopes_are_derivatives(loss: gradient_flow.Loss) -> None:
    outputs = torch.linspace(-2, 2, 40, dtype=torch.float64, requires_grad=True)
    targets = torch.ones(40, dtype=torch.float64)
    targets[::3] = -1
    (slope,) = torch.autograd.grad(loss.value(outputs, targets).sum(), outputs)
    torch.testing.assert_close(loss.slope(outputs.detach(), targets), slope)


def test_a_lazy_square_loss_decays_exponentially() -> None:
    """F(t) = (1 - exp(-alpha K t/P)) y on the training points, and K_test K^-1 of it elsewhere."""
    start, (x, y), (elsewhere, _) = network(0, 100), points(0), points(1)
    settings = Settings(stop=0.5)
    fit = gradient_flow.fit(start, x, y, alpha=1e6, loss=Square(precision=0.3), settings=settings)
    assert fit.stopped_because == "fitted"
    kernel = EmpiricalTangentKernel(start)
    with torch.no_grad():
        gram, cross = kernel(x, x).numpy(), kernel(elsewhere, x).numpy()
        predicted = fit.predictor()(elsewhere).numpy()
    time = fit.path.time.iloc[-1]
    learnt = y.numpy() - expm(-1e6 * gram * time / len(y)) @ y.numpy()
    exact = cross @ np.linalg.solve(gram, learnt)
    assert np.linalg.norm(predicted - exact) < 0.005 * np.linalg.norm(exact)


@pytest.mark.parametrize(("alpha", "loss"), [(1e-3, SoftHinge()), (30.0, Square(precision=0.7))])
def test_a_smooth_network_flows_as_an_integration_of_order_eight(
    alpha: float, loss: gradient_flow.Loss
) -> None:
    start, (x, y) = network(0, 10, activation="softplus"), points(0, 12)
    settings = Settings(stop=0.5)
    fit = gradient_flow.fit(start, x, y, alpha=alpha, loss=loss, settings=settings)
    members = Members([start], x[None], y[None], alpha, loss)

    def velocity(_: float, theta: np.ndarray) -> np.ndarray:
        gradient = members(torch.from_numpy(theta)[None], torch.tensor([0]))[1]
        return -gradient[0].numpy()

    time = fit.path.time.iloc[-1]
    theta = members.theta[0].numpy()
    exact = solve_ivp(velocity, (0, time), theta, method="DOP853", rtol=1e-8, atol=1e-10)
    last = fit.predictor().network
    found = parameters_to_vector(last.parameters()).detach().numpy()
    moved = np.linalg.norm(exact.y[:, -1] - theta)
    assert np.linalg.norm(found - exact.y[:, -1]) < 0.02 * moved


def test_t_star_and_lambda_there_do_not_depend_on_the_tolerance() -> None:
    """A step, and so t*, is at most the one that moves an output by .5."""
    x, y = points(0, 48)
    found = []
    for tolerance in (0.01, 0.003, 0.001):
        fit = gradient_flow.fit(
            network(0, 40),
            x,
            y,
            alpha=1e-6,
            loss=SoftHinge(),
            settings=Settings(stop=0.2, tolerance=tolerance),
            observables={"compression": compression},
        )
        star = fit.path[fit.path.share_fitted > 0.1].iloc[0]
        assert compression(fit.predictor("t_star")) == star.compression
        found.append((star.time, star.compression))
    times, compressions = np.array(found).T
    assert times == pytest.approx(times[2], rel=0.03)
    assert compressions == pytest.approx(compressions[2], rel=0.03)
    assert compressions[2] > 2


def test_the_lazy_flow_of_a_wide_network_ends_near_the_support_vector_machine() -> None:
    """The outputs have the machine's direction; the margin is reached, so their sizes agree too."""
    x, y = points(0)
    elsewhere, _ = points(1, 400)
    machine = support_vectors(AnalyticTangentKernel(), x, y)
    flow = gradient_flow.fit(network(0, 4000), x, y, alpha=1e6, loss=SoftHinge())
    with torch.no_grad():
        ours, theirs = flow.predictor()(elsewhere), machine(elsewhere)
    assert float(torch.nn.functional.cosine_similarity(ours, theirs, dim=0)) > 0.97
    assert float((ours.sign() == theirs.sign()).double().mean()) > 0.93


def test_members_together_are_members_alone() -> None:
    inputs = torch.stack([points(seed)[0] for seed in range(3)])
    targets = torch.stack([points(seed)[1] for seed in range(3)])
    settings = Settings(stop=0.3)
    options = {"alpha": 0.1, "loss": SoftHinge(), "settings": settings}
    together = gradient_flow.fit_members(
        [network(seed) for seed in range(3)], inputs, targets, **options
    )
    for seed, one in enumerate(together):
        alone = gradient_flow.fit(network(seed), inputs[seed], targets[seed], **options)
        assert one.path.evaluations.iloc[-1] == alone.path.evaluations.iloc[-1]
        assert one.path.time.iloc[-1] == pytest.approx(alone.path.time.iloc[-1], rel=1e-6)


def test_a_large_member_computes_alone_and_to_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs, targets = points(0)
    both = [network(0), network(1)]
    x, y, rows = torch.stack([inputs] * 2), torch.stack([targets] * 2), torch.arange(2)
    results = []
    for limit in (0, 1e9):
        monkeypatch.setattr(gradient_flow.members, "TOGETHER", limit)
        members = Members(both, x, y, 1.0, Square())
        results.append(members(members.theta + 0.1, rows))
    torch.testing.assert_close(results[0], results[1])


def test_the_states_are_those_at_which_the_shares_are_reached() -> None:
    x, y = points(0)
    settings = Settings(shares=(0.5, 0.95))
    start = network(0)
    fit = gradient_flow.fit(start, x, y, alpha=0.01, loss=SoftHinge(), settings=settings)
    assert list(fit.states) == ["initial", "t_star", "fitted-0.5", "fitted-0.95", "last"]
    shares = {}
    for name in fit.states:
        with torch.no_grad():
            shares[name] = float((y * fit.predictor(name)(x) >= 1).double().mean())
    assert shares["initial"] == 0
    assert 0.1 < shares["t_star"] <= shares["fitted-0.5"]
    assert 0.5 <= shares["fitted-0.5"] <= shares["fitted-0.95"]
    assert shares["last"] == 1
    for name, value in start.state_dict().items():
        torch.testing.assert_close(fit.states["initial"][name], value, rtol=0, atol=0)


def test_a_budget_that_ends_first_is_said() -> None:
    x, y = points(0)
    settings = Settings(budget=40)
    fit = gradient_flow.fit(network(0), x, y, alpha=0.01, loss=SoftHinge(), settings=settings)
    assert fit.stopped_because == "budget"
    assert 40 <= fit.path.evaluations.iloc[-1] < 60
    assert fit.path.share_fitted.iloc[-1] < 1
    assert "last" in fit.states


def test_any_network_of_one_output_flows_with_its_buffers_and_frozen_layers() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.frozen = nn.Linear(3, 8).requires_grad_(False)
            self.free = nn.Linear(8, 1)
            self.register_buffer("shift", torch.tensor(0.5))

        def forward(self, inputs: Tensor) -> Tensor:
            return self.free(torch.tanh(self.frozen(inputs) + self.shift))

    torch.manual_seed(0)
    start, (x, y) = Own(), points(0)
    settings = Settings(budget=100)
    fit = gradient_flow.fit(start, x, y, alpha=1.0, loss=Square(), settings=settings)
    last, first = fit.states["last"], fit.states["initial"]
    assert list(last) == list(start.state_dict())
    assert torch.equal(last["frozen.weight"], first["frozen.weight"])
    assert not torch.equal(last["free.weight"], first["free.weight"])
    with torch.no_grad():
        reached = Square().value(fit.predictor()(x), y).mean()
    assert float(reached) == pytest.approx(fit.path.loss.iloc[-1], rel=1e-9)
    assert fit.path.loss.iloc[-1] < fit.path.loss.iloc[0]


def test_a_network_whose_gradient_vanishes_is_stationary() -> None:
    """max(0, w x) with w = .5 can fall by .5 only, and the target asks for 1."""
    start = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU()).double()
    nn.init.constant_(start[0].weight, 0.5)
    x = torch.ones(1, 1, dtype=torch.float64)
    fit = gradient_flow.fit(start, x, -x[0], alpha=1.0, loss=Square())
    assert fit.stopped_because == "stationary"
    assert fit.path.loss.iloc[-1] == pytest.approx(0.125)


def test_a_flow_computes_in_float64_unless_told_otherwise() -> None:
    (x, y), settings = points(0), Settings(stop=0.2)
    fits = [
        gradient_flow.fit(
            network(0).float(),
            x.float(),
            y,
            alpha=0.01,
            loss=SoftHinge(),
            settings=settings,
            **kind,
        )
        for kind in ({}, {"dtype": torch.float32})
    ]
    kinds = [fit.states["last"]["output.weight"].dtype for fit in fits]
    assert kinds == [torch.float64, torch.float32]
    with torch.no_grad():
        double, single = (fit.predictor()(x.half()) for fit in fits)
    torch.testing.assert_close(double.float(), single, rtol=0.01, atol=0.01)


def test_the_example_runs_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples/gradient_flow.py"))
    assert "stopped because: fitted" in capsys.readouterr().out


def test_observables_leave_the_initial_network_as_it_is() -> None:
    """F of a fit is zero at initialisation, and on the training points what the flow ended with."""
    start, (x, y) = network(0), points(0)
    settings = Settings(stop=0.5)
    observed = {"compression": compression}
    fit = gradient_flow.fit(
        start, x, y, alpha=1e-3, loss=SoftHinge(), settings=settings, observables=observed
    )
    plain = gradient_flow.fit(start, x, y, alpha=1e-3, loss=SoftHinge(), settings=settings)
    with torch.no_grad():
        assert not fit.predictor("initial")(x).any()
        torch.testing.assert_close(fit.predictor()(x), plain.predictor()(x))
