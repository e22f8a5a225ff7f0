"""Networks and images that were made in inference mode are measured as others are."""

import copy

import pytest
import torch
from sensitivity_cases import assert_same, inputs, small_network
from torch import Tensor, nn

from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import shuffle_channels


class Decorated(nn.Module):
    """Its forward pass runs in inference mode whoever calls it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)


def built() -> nn.Module:
    with torch.inference_mode():
        return small_network()


def moved() -> nn.Module:
    with torch.inference_mode():
        return small_network().double().float()


def pointwise() -> nn.Module:
    """Filters of one pixel, which are in every layout at once."""
    with torch.inference_mode():
        return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))


@pytest.mark.parametrize("make", [built, moved, pointwise])
@pytest.mark.parametrize("batch_statistics", [False, True])
def test_a_network_made_in_inference_mode(make, batch_statistics):
    network, data = make(), inputs(9, 3, 8, 8)
    usual = copy.deepcopy(network)
    for parameter in list(usual.parameters()):
        assert not parameter.is_inference()
    options = {"batch_statistics": batch_statistics, "functions": True}
    assert_same(
        sensitivity.measure(network, *data, **options),
        sensitivity.measure(usual, *data, **options),
    )
    shuffle_channels(network, "a", 0)(data[0])


def test_images_made_and_measured_in_inference_mode():
    network = small_network()
    expected = sensitivity.measure(network, *inputs(9, 3, 8, 8))
    with torch.inference_mode():
        data = inputs(9, 3, 8, 8)
        assert_same(sensitivity.measure(network, *data), expected)
    assert_same(sensitivity.measure(network, *data), expected)


@pytest.mark.parametrize("average", ["mean", "median"])
def test_a_forward_pass_in_inference_mode(average):
    data = inputs(23, 3, 8, 8)
    before = torch.get_num_threads()
    expected = sensitivity.measure(small_network(), *data, average=average)
    try:
        torch.set_num_threads(3)
        found = sensitivity.measure(Decorated(small_network()), *data, average=average)
    finally:
        torch.set_num_threads(before)
    assert_same(found.iloc[: len(expected)], expected, rel=1e-5)
