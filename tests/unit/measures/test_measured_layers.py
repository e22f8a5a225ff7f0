"""Which layers of a network are measured, by how many threads, and that it is left as it was."""

import copy
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from sensitivity_cases import (
    assert_row,
    assert_same,
    brute_force,
    inputs,
    small_network,
)
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.recording import _kind


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


class Remembering(nn.Module):
    """Keeps its input between two of its steps, as some networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, images: Tensor) -> Tensor:
        self.images = images
        return self.second(self.first(images) + self.images)


@pytest.mark.parametrize("average", ["mean", "median"])
@pytest.mark.parametrize("offset", [0, 1000])
def test_threads_share_the_images(three_threads, average, offset):
    network, data = Remembering(), [each + offset for each in inputs(31, 6)]
    shared = sensitivity.measure(network, *data, batch_size=2, average=average)
    torch.set_num_threads(1)
    alone = sensitivity.measure(network, *data, batch_size=2, average=average)
    torch.set_num_threads(3)
    assert (shared.images == 31).all()
    assert_same(shared, alone, rel=1e-5)
    if average == "mean":
        with torch.no_grad():
            assert_row(shared.iloc[0], brute_force(*(network.first(each) for each in data)), 1e-4)


def test_a_network_that_cannot_be_copied_is_measured_by_one_thread(three_threads):
    data, network = inputs(12, 3, 4, 4), small_network()
    network[5] = nn.Linear(16, 5)
    expected = sensitivity.measure(network, *data, batch_size=2)
    network.lock = threading.Lock()
    with pytest.raises(TypeError, match="lock"):
        copy.deepcopy(network)
    assert_same(sensitivity.measure(network, *data, batch_size=2), expected, rel=1e-5)


def test_the_network_keeps_its_own_weights_in_their_layout():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 5))
    weight, before = network[0].weight, network[0].weight.detach().clone()
    sensitivity.measure(network, *inputs(6, 3, 4, 4))
    assert network[0].weight is weight
    assert weight.is_contiguous() and not weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(weight, before)


class FlattensItsFilters(nn.Conv2d):
    """Does what only filters in the usual layout allow, as weight standardisation may."""

    def forward(self, images):
        filters = self.weight.view(len(self.weight), -1)
        standardised = (filters - filters.mean(1, keepdim=True)).view_as(self.weight)
        return nn.functional.conv2d(images, standardised)


def test_a_convolution_of_the_users_own_finds_its_filters_as_they_were():
    network = nn.Sequential(FlattensItsFilters(3, 4, 3), nn.ReLU())
    assert not sensitivity.measure(network, *inputs(6, 3, 4, 4)).flagged.any()


def test_an_error_in_a_thread_is_the_callers(three_threads):
    with pytest.raises(UserError, match="first dimension"):
        network = nn.Sequential(nn.Flatten(0), nn.Linear(24, 2))
        sensitivity.measure(network, *inputs(6, 2, 2), batch_size=2)


class Twice(nn.Module):
    """Calls one layer twice and returns something that no layer returned."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.ending = nn.Linear(4, 4), nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        return self.ending(self.layer(self.layer(images).relu()) * 2)


def test_second_calls_and_the_output_have_their_own_rows():
    network, data = Twice(), inputs(9, 4)
    table = sensitivity.measure(network, *data, batch_size=4)
    assert table.layer.tolist() == ["layer", "layer:1", "output"]
    assert table.kind.tolist() == ["linear", "linear", "output"]
    with torch.no_grad():
        assert_row(table.iloc[2], brute_force(*(network(each) for each in data)))
    np.testing.assert_allclose(table.D[1], table.D[2], rtol=1e-6)


class Ending(nn.Module):
    """A linear layer whose result then passes `change`."""

    def __init__(self, change) -> None:
        super().__init__()
        self.layer, self.change = nn.Linear(4, 3), change

    def forward(self, images: Tensor) -> Tensor:
        return self.change(self.layer(images))


@pytest.mark.parametrize(
    ("change", "layers"),
    [
        (lambda output: output, ["layer"]),
        (lambda output: output.view(-1, 3, 1), ["layer"]),
        (lambda output: output[:, :1], ["layer", "output"]),
        (lambda output: output.add_(output.square()), ["layer", "output"]),
    ],
)
def test_the_output_has_a_row_only_if_it_is_not_the_last_layers(change, layers):
    table = sensitivity.measure(Ending(change), *inputs(6, 4))
    assert table.layer.tolist() == layers


def test_chosen_layers_keep_their_numbers_and_depths():
    network, data = small_network(), inputs(6, 3, 8, 8)
    whole = sensitivity.measure(network, *data)
    chosen = sensitivity.measure(network, *data, layers=["5", "[12]"])
    pd.testing.assert_frame_equal(chosen, whole.iloc[[1, 2, 4]].reset_index(drop=True))


def test_the_network_is_left_as_it_was():
    network = small_network().train()
    network[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sensitivity.measure(network, *inputs(6, 3, 8, 8))
    assert [module.training for module in network] == [True, False, True, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_network_is_left_as_it_was_after_an_error():
    network = small_network().train()
    with pytest.raises(RuntimeError):
        sensitivity.measure(network, *inputs(6, 2, 8, 8))
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_pytorchs_kinds_of_layers_are_recognised():
    class Own(nn.Linear):
        """A user's own layer."""

    expected = {
        nn.Conv1d(1, 1, 1): "conv",
        nn.ConvTranspose2d(1, 1, 1): "conv",
        nn.GroupNorm(1, 1): "norm",
        nn.LayerNorm(1): "norm",
        nn.InstanceNorm2d(1): "norm",
        nn.Tanh(): "activation",
        nn.SiLU(): "activation",
        nn.AvgPool2d(2): "pooling",
        nn.AdaptiveAvgPool2d(1): "pooling",
        Own(1, 1): "linear",
        nn.Identity(): None,
        nn.Dropout(): None,
        nn.Flatten(): None,
    }
    assert {module: _kind(module) for module in expected} == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ["0", "conv*"]}, "conv.*the layers are 0, 1, 2, 3, 5"),
        ({"average": "mode"}, "median"),
        ({"batch_size": 0}, "batch_size"),
        ({"noisy": torch.zeros(5, 3, 8, 8)}, "one shape"),
    ],
)
def test_impossible_requests_are_refused(change, message):
    names = ("images", "deformed", "noisy")
    arguments = {**dict(zip(names, inputs(6, 3, 8, 8), strict=True)), **change}
    with pytest.raises(UserError, match=message):
        sensitivity.measure(small_network(), **arguments)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Flatten(0), nn.Linear(24, 2)), "first dimension"),
        (nn.MaxPool1d(2, return_indices=True), "one tensor"),
    ],
)
def test_unusable_networks_are_refused(network, message):
    with pytest.raises(UserError, match=message):
        sensitivity.measure(network, *inputs(2, 2, 2))
