"""Fully connected networks in the tangent-kernel parametrisation."""

from math import pi, sqrt

import numpy as np
import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.ntk_fully_connected import (
    Sharpened,
    ntk_fully_connected,
    second_moment,
)


def test_one_layer_is_the_formula_of_paccolat_2021() -> None:
    """f = (1/h) sum beta sqrt(2) ReLU(omega.x/sqrt d + b)."""
    torch.manual_seed(0)
    network = ntk_fully_connected(5, 7).double()
    omega, b = network.linear1.weight.detach().numpy(), network.linear1.bias.detach().numpy()
    beta = network.output.weight.detach().numpy()[0]
    x = np.random.default_rng(0).standard_normal((4, 5))
    hidden = sqrt(2) * np.maximum(0, x @ omega.T / sqrt(5) + b)
    with torch.no_grad():
        outputs = network(torch.from_numpy(x)).numpy()
    assert outputs == pytest.approx(hidden @ beta / 7)


def test_two_layers_are_the_formula_of_geiger_2021() -> None:
    """Swish(10 x)/10 of unit second moment, no bias, 1/h last; h^2 + (d + 1) h parameters."""
    torch.manual_seed(0)
    network = ntk_fully_connected(
        3, 6, hidden_layers=2, activation="swish", steepness=10, bias=False
    ).double()
    assert sum(p.numel() for p in network.parameters()) == 3 * 6 + 36 + 6

    def activation(x: np.ndarray) -> np.ndarray:
        return x / (1 + np.exp(-10 * x))

    z = np.random.default_rng(0).standard_normal(4_000_000)
    gain = 1 / sqrt((activation(z) ** 2).mean())
    w1, w2, w3 = (p.detach().numpy() for p in network.parameters())
    x = np.random.default_rng(1).standard_normal((4, 3))
    hidden = gain * activation(x @ w1.T / sqrt(3))
    hidden = gain * activation(hidden @ w2.T / sqrt(6))
    with torch.no_grad():
        outputs = network(torch.from_numpy(x)).numpy()
    assert outputs == pytest.approx(hidden @ w3[0] / 6, rel=3e-3)


def test_the_second_moment_is_exact_where_it_is_known() -> None:
    assert second_moment(torch.relu) == pytest.approx(0.5, abs=1e-12)
    assert second_moment(torch.cos) == pytest.approx((1 + np.exp(-2)) / 2, abs=1e-12)
    error_function = second_moment(torch.erf)
    assert error_function == pytest.approx(2 / pi * np.arcsin(2 / 3), abs=1e-12)


def test_a_steep_softplus_is_nearly_a_relu() -> None:
    x = torch.linspace(-3, 3, 100, dtype=torch.float64)
    torch.testing.assert_close(Sharpened("softplus", 200)(x), x.relu(), rtol=0, atol=0.004)


def test_the_scale_of_the_output_is_as_chosen() -> None:
    outputs = []
    for scale in ("1/h", "1/sqrt(h)"):
        torch.manual_seed(0)
        network = ntk_fully_connected(3, 16, output_scale=scale)
        outputs.append(network(torch.ones(2, 3)))
    torch.testing.assert_close(4 * outputs[0], outputs[1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width": 0}, "width 0: it must be at least 1"),
        ({"in_features": 0}, "in_features 0: it must be at least 1"),
        ({"hidden_layers": 0}, "hidden_layers 0: it must be at least 1"),
        ({"steepness": 0.0}, "steepness 0.0: it must be positive"),
        ({"activation": "tanh"}, "activation 'tanh': it must be one of relu, softplus, swish"),
        ({"output_scale": "1"}, r"output_scale '1': it must be one of 1/h, 1/sqrt\(h\)"),
    ],
)
def test_what_cannot_be_built_is_refused(options: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        ntk_fully_connected(**{"in_features": 3, "width": 4, **options})
