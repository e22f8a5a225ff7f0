"""The tangent kernel layer by layer is the one by Jacobians."""

import pytest
import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.networks.tangent_kernels import (
    EmpiricalTangentKernel,
    LayerwiseTangentKernel,
    of_network,
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_it_is_the_kernel_of_the_jacobians(layers: int, bias: bool) -> None:
    torch.manual_seed(0)
    network = ntk_fully_connected(
        4, 7, hidden_layers=layers, activation="swish", steepness=10, bias=bias
    ).double()
    left, right = torch.randn(5, 4).double(), torch.randn(6, 4).double()
    expected = EmpiricalTangentKernel(network)(left, right)
    frozen = network.requires_grad_(False)  # as the initial network of a flow is
    with torch.no_grad():
        found = LayerwiseTangentKernel(frozen)(left, right)
        own = LayerwiseTangentKernel(frozen)(left, left)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0)
    torch.testing.assert_close(own, EmpiricalTangentKernel(network.requires_grad_())(left, left))


def test_other_networks_are_refused() -> None:
    with pytest.raises(UserError, match="^network: its parameters must be those of scaled linear"):
        LayerwiseTangentKernel(nn.Sequential(ntk_fully_connected(4, 3), nn.Linear(1, 1)))


def test_the_faster_kernel_is_taken_where_there_is_one() -> None:
    layered, other = ntk_fully_connected(4, 3), nn.Sequential(nn.Linear(4, 1))
    assert isinstance(of_network(layered), LayerwiseTangentKernel)
    assert isinstance(of_network(other), EmpiricalTangentKernel)


def test_layers_that_share_weights_have_the_kernel_of_the_jacobians() -> None:
    torch.manual_seed(0)
    network = ntk_fully_connected(5, 5, hidden_layers=2, activation="swish").double()
    network.linear2.weight = network.linear1.weight
    points = torch.randn(4, 5).double()
    expected = EmpiricalTangentKernel(network)(points, points)
    torch.testing.assert_close(of_network(network)(points, points), expected)
    with pytest.raises(UserError, match="scaled linear"):
        LayerwiseTangentKernel(network)
