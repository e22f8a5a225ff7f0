"""Gradients that are written out against autograd's, for every architecture that they describe."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnn_sensitivity.engines.gradient_flow.layered import Layered
from cnn_sensitivity.engines.gradient_flow.losses import Square
from cnn_sensitivity.engines.gradient_flow.members import Members
from cnn_sensitivity.networks.layers import ScaledLinear
from cnn_sensitivity.networks.ntk_fully_connected import Sharpened, ntk_fully_connected

ARCHITECTURES = st.fixed_dictionaries(
    {
        "width": st.integers(1, 9),
        "hidden_layers": st.integers(1, 4),
        "activation": st.sampled_from(["relu", "softplus", "swish"]),
        "steepness": st.sampled_from([0.5, 1.0, 10.0]),
        "bias": st.booleans(),
        "outputs": st.sampled_from([None, 1]),
    }
)


@settings(max_examples=60, deadline=None)
@given(ARCHITECTURES, st.integers(1, 3), st.integers(1, 6), st.integers(0, 99))
def test_outputs_and_gradients_are_those_of_autograd(told, members, points, seed) -> None:
    torch.manual_seed(seed)
    networks = [ntk_fully_connected(4, **told).double() for _ in range(members)]
    inputs = torch.randn(members, points, 2, 2, dtype=torch.float64)
    weights = torch.randn(members, points, dtype=torch.float64)
    assert all(map(Layered.describes, networks))
    layered = Layered(networks[0])
    own = [list(network.parameters()) for network in networks]
    stacked = [torch.stack(each).detach() for each in zip(*own, strict=True)]
    outputs, gradients = layered.outputs(stacked, layered.columns(inputs))
    found = gradients(weights)
    for row, network in enumerate(networks):
        expected = network(inputs[row]).reshape(points)
        torch.testing.assert_close(outputs[row], expected.detach())
        slopes = torch.autograd.grad(expected, own[row], weights[row])
        for gradient, slope in zip(found, slopes, strict=True):
            torch.testing.assert_close(gradient[row], slope)


@pytest.mark.parametrize("shape", ["relu", "softplus", "swish"])
@pytest.mark.parametrize("steepness", [1, 5])
def test_the_slope_of_an_activation_is_autograds(shape, steepness) -> None:
    function = Sharpened(shape, steepness)
    z = torch.cat([torch.linspace(-9, 9, 301), torch.tensor([0.0, -800, 800])]).double()
    value, slope = function.with_slope(z)
    z.requires_grad_()
    expected = function(z)
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(slope, torch.autograd.grad(expected.sum(), z)[0])


def others() -> dict[str, nn.Module]:
    def layer(inputs: int, outputs: int) -> ScaledLinear:
        return ScaledLinear(inputs, outputs, 1.0)

    relu = Sharpened("relu", 1)
    frozen = ntk_fully_connected(3, 4)
    frozen[1].bias.requires_grad_(False)
    return {
        "not sequential": nn.Linear(3, 1),
        "empty": nn.Sequential(),
        "flat only": nn.Sequential(nn.Flatten()),
        "plain layer": nn.Sequential(nn.Flatten(), nn.Linear(3, 1)),
        "not flattened": nn.Sequential(layer(3, 4), relu, layer(4, 1)),
        "plain activation": nn.Sequential(nn.Flatten(), layer(3, 4), nn.ReLU(), layer(4, 1)),
        "no last layer": nn.Sequential(nn.Flatten(), layer(3, 1), relu),
        "two activations": nn.Sequential(nn.Flatten(), layer(3, 4), relu, relu, layer(4, 1)),
        "two outputs": ntk_fully_connected(3, 4, outputs=2),
        "a frozen bias": frozen,
    }


@pytest.mark.parametrize("name", others())
def test_other_networks_are_not_described(name) -> None:
    assert not Layered.describes(others()[name])


def test_members_of_any_size_agree_with_autograd() -> None:
    """One by one where there are many points and parameters, else together."""
    for points, width in ((5, 3), (400, 300)):
        networks = [ntk_fully_connected(3, width).double() for _ in range(3)]
        inputs = torch.randn(3, points, 3, dtype=torch.float64)
        targets = torch.randn(3, points, dtype=torch.float64)
        ours = Members(networks, inputs, targets, 2.0, Square())
        theirs = Members(networks, inputs, targets, 2.0, Square())
        assert ours._layered
        theirs._layered = None
        rows = torch.tensor([2, 0])
        theta = ours.theta[rows] + 0.1
        for one, other in zip(ours(theta, rows), theirs(theta, rows), strict=True):
            torch.testing.assert_close(one, other)
        assert not ours(ours.theta, torch.arange(3))[0].any()  # F = 0 at initialisation, exactly
