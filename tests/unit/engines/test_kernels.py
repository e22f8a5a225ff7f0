"""Tangent kernels: the analytic one against wide networks, the empirical one against a formula."""

import numpy as np
import pytest
import torch
from flow_cases import network, points

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.kernel import AnalyticTangentKernel, EmpiricalTangentKernel
from cnn_sensitivity.networks import tangent_kernels


@pytest.mark.parametrize("bias", [True, False])
def test_the_analytic_kernel_is_the_mean_over_wide_random_networks(bias: bool) -> None:
    x = torch.cat([points(0, 6)[0], -points(0, 1)[0]])
    drawn = [
        EmpiricalTangentKernel(network(seed, 3000, bias=bias, output_scale="1/sqrt(h)"))
        for seed in range(30)
    ]
    with torch.no_grad():
        grams = torch.stack([kernel(x, x) for kernel in drawn])
        analytic = AnalyticTangentKernel(bias)(x, x)
    # Without a bias opposite points share no neuron, in both.
    error = grams.std(dim=0) / 30**0.5 + 1e-6
    deviations = ((grams.mean(dim=0) - analytic) / error).abs()
    assert float(deviations.max()) < 5
    assert float(error.max()) < 0.02 * float(analytic.max())


def test_without_a_bias_it_is_the_kernel_of_petrini_2022_but_for_a_factor() -> None:
    """[x.y k0 + |x||y| k1]/(2d), k0 = (pi - phi)/pi, k1 = (sin phi + (pi - phi) cos phi)/pi."""
    x = points(0, 5)[0].numpy()
    y = points(1, 7)[0].numpy()
    sizes = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
    phi = np.arccos(x @ y.T / sizes)
    k0, k1 = (np.pi - phi) / np.pi, (np.sin(phi) + (np.pi - phi) * np.cos(phi)) / np.pi
    theirs = (x @ y.T * k0 + sizes * k1) / (2 * 3)
    ours = AnalyticTangentKernel(bias=False)(torch.from_numpy(x), torch.from_numpy(y)).numpy()
    assert ours == pytest.approx(2 * theirs)


def test_the_empirical_kernel_is_that_of_one_hidden_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """[a(x).a(x') + sum_n (b_n s_n(x)) (b_n s_n(x')) (x.x'/d + 1)]/h, in blocks of any size."""
    net, (x, _), (z, _) = network(0, 20, output_scale="1/sqrt(h)"), points(0, 9), points(1, 5)
    omega, shift = net.linear1.weight.detach(), net.linear1.bias.detach()
    beta = net.output.weight.detach()[0]

    def parts(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        before = points @ omega.T / 3**0.5 + shift
        return 2**0.5 * before.relu(), 2**0.5 * beta * (before > 0)

    (a, b), (c, d) = parts(x), parts(z)
    expected = (a @ c.T + (b @ d.T) * (x @ z.T / 3 + 1)) / 20
    kernel = EmpiricalTangentKernel(net)
    for block in (1, 3 * 100, 2**26):
        monkeypatch.setattr(tangent_kernels, "BLOCK", block)
        with torch.no_grad():
            torch.testing.assert_close(kernel(x, z), expected)


def test_parameters_that_are_frozen_are_not_in_the_kernel() -> None:
    net, (x, _) = network(0, 20), points(0, 5)
    net.linear1.requires_grad_(False)
    with torch.no_grad():
        hidden = net[:3](x)
        gram = EmpiricalTangentKernel(net)(x, x)
    torch.testing.assert_close(gram, 2 * hidden @ hidden.T / 20**2)
    with pytest.raises(UserError, match="network: it has no parameter to train"):
        EmpiricalTangentKernel(net.requires_grad_(False))


def test_a_slope_in_the_points_takes_no_account_of_the_parameters() -> None:
    x = points(0, 4)[0]
    gram = EmpiricalTangentKernel(network(0))(x, x)
    assert not gram.requires_grad
    assert EmpiricalTangentKernel(network(0))(x.requires_grad_(), x.detach()).requires_grad


def test_points_that_coincide_or_vanish_have_finite_kernels_and_slopes() -> None:
    x = torch.tensor([[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    for bias in (True, False):
        gram = AnalyticTangentKernel(bias)(x, x.detach())
        (slope,) = torch.autograd.grad(gram.sum(), x)
        assert bool(torch.isfinite(gram).all())
        assert bool(torch.isfinite(slope).all())
    assert gram[0, 0].item() == pytest.approx(2 * 5 / 2, rel=1e-6)


def test_the_analytic_kernel_of_images_is_that_of_their_pixels() -> None:
    images = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    gram = AnalyticTangentKernel()(images, images[:2])
    assert torch.equal(gram, AnalyticTangentKernel()(images.flatten(1), images[:2].flatten(1)))
