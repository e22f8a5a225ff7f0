"""The participation number, against closed forms; of which networks it is taken."""

import numpy as np
import pytest
import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.kernel import AnalyticTangentKernel, ridgeless
from cnn_sensitivity.measures.base import Seen
from cnn_sensitivity.measures.participation import Participation, neuron_sizes, participation
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.networks.scaled_change import ScaledChange


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([2.0, 2.0, 2.0], 3.0), ([0.0, 5.0, 0.0], 1.0), ([3.0, 4.0], 49 / 25)],
)
def test_it_counts_equal_neurons(sizes: list[float], expected: float) -> None:
    assert participation(torch.tensor(sizes)) == pytest.approx(expected)
    assert participation(7 * torch.tensor(sizes)) == pytest.approx(expected)


def test_of_gaussian_weights_two_over_pi_of_the_neurons_take_part() -> None:
    torch.manual_seed(0)
    sizes = neuron_sizes(ntk_fully_connected(400, 20_000, bias=False))
    assert sizes is not None
    assert participation(sizes) / 20_000 == pytest.approx(2 / np.pi, abs=0.01)


@pytest.mark.parametrize("bias", [True, False])
def test_of_a_flow_it_is_that_of_its_network_behind_a_representation(bias: bool) -> None:
    network = ntk_fully_connected(3, 5, bias=bias)
    flow = ScaledChange(network, 1e-6)
    with torch.no_grad():
        network.output.weight[0, :4] = 0
    numbers = {
        row["quantity"]: row["value"]
        for row in Participation().rows(Seen(nn.Sequential(nn.Flatten(), flow), (3,)))
    }
    assert numbers == {"participation": pytest.approx(1.0), "neurons": 5.0}
    weights = flow.initial.linear1.weight.detach().numpy(), flow.initial.output.weight[0].numpy()
    by_hand = np.linalg.norm(weights[0], axis=1) * np.abs(weights[1])
    sizes = neuron_sizes(flow.initial)
    assert sizes is not None
    np.testing.assert_allclose(sizes.numpy(), by_hand, rtol=1e-6)


def test_a_kernel_machine_has_no_neurons_and_a_deep_network_more_than_one_layer() -> None:
    points = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    machine = ridgeless(AnalyticTangentKernel(bias=False), points, points[:, 0])
    assert Participation().rows(Seen(machine, (3,))) == []
    with pytest.raises(UserError, match="^participation: of networks with one hidden"):
        Participation().rows(Seen(ntk_fully_connected(3, 5, hidden_layers=2), (3,)))
