"""Where neurons switch on, and the tangent kernel on a circle, against their definitions."""

from math import cos, pi, sin, sqrt

import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures.base import Seen, measure_class
from cnn_sensitivity.measures.kernel_on_circle import KernelOnCircle, on_circle
from cnn_sensitivity.measures.neurons import Neurons, places
from cnn_sensitivity.networks.ntk_fully_connected import ntk_fully_connected
from cnn_sensitivity.networks.scaled_change import ScaledChange

torch.manual_seed(0)
NETWORK = ntk_fully_connected(2, 6).double()


def test_a_neuron_is_zero_at_its_place_and_grows_along_the_line_from_the_origin() -> None:
    found, bias = places(NETWORK)
    layer = NETWORK.linear1
    for neuron, place in enumerate(found):
        assert float(layer(place[None])[0, neuron].detach()) == pytest.approx(0, abs=1e-12)
        along = torch.stack([place[1], -place[0]])  # the weights are at right angles to the line
        moved = layer((place + along)[None])[0, neuron]
        assert float(moved.detach()) == pytest.approx(0, abs=1e-10)
    assert torch.equal(bias, layer.bias)


def test_its_rows_are_those_of_each_neuron_of_the_network_that_a_flow_made() -> None:
    measure = Neurons.of(Measurement(quantity="neurons"), {})
    rows = measure.rows(Seen(ScaledChange(NETWORK, 1e-6), (2,)))
    found, bias = (each.detach() for each in places(NETWORK))
    assert len(rows) == 6 * 3
    values = {(row["neuron"], row["quantity"]): row["value"] for row in rows}
    for neuron in range(6):
        assert values[neuron + 1, "bias"] == float(bias[neuron])
        assert values[neuron + 1, "place_2"] == float(found[neuron, 1])


def test_neurons_need_weights_and_biases() -> None:
    without = ntk_fully_connected(2, 6, bias=False)
    with pytest.raises(UserError, match="first layer has weights and biases"):
        places(without)


def test_the_kernel_on_the_circle_is_the_product_of_gradients_there() -> None:
    angles = torch.tensor([0.3, 2.0, 4.5], dtype=torch.float64)
    gradients = []
    for angle in angles.tolist():
        x = sqrt(2) * torch.tensor([[cos(angle), sin(angle)]], dtype=torch.float64)
        parts = torch.autograd.grad(NETWORK(x).sum(), list(NETWORK.parameters()))
        gradients.append(torch.cat([part.flatten() for part in parts]))
    gram = torch.stack([torch.stack([a @ b for a in gradients]) for b in gradients])
    expected = gram / gram.diagonal().mean()
    torch.testing.assert_close(on_circle(NETWORK, angles).detach(), expected)


def test_its_rows_go_round_the_circle() -> None:
    measure = KernelOnCircle.of(Measurement(quantity="kernel_on_circle"), {})
    rows = measure.rows(Seen(NETWORK, (2,)))
    assert len(rows) == 48**2
    angles = sorted({row["angle"] for row in rows})
    assert angles[1] == pytest.approx(2 * pi / 48) and len(angles) == 48
    values = {(row["angle"], row["other_angle"]): row["value"] for row in rows}
    assert values[angles[3], angles[7]] == pytest.approx(values[angles[7], angles[3]])


def test_points_of_three_coordinates_have_no_circle() -> None:
    with pytest.raises(UserError, match="of points \\[P, 2\\] in a plane"):
        KernelOnCircle().check(torch.zeros(4, 3))
    assert isinstance(measure_class("kernel_on_circle")(), KernelOnCircle)
