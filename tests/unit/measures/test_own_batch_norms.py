"""Batch norms of one's own on the statistics of the measured images: all else they do stays."""

import threading

import pytest
import torch
from sensitivity_cases import assert_same, inputs
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize, prune

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import sensitivity


class ActivatesByFunction(nn.BatchNorm2d):
    def forward(self, images: Tensor) -> Tensor:
        return F.relu(super().forward(images))


class ActivatesByModule(nn.BatchNorm2d):
    """As timm's: batch norm by the function, then drop and act, which are modules."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.drop, self.act = nn.Identity(), nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        training = self.training or self.running_mean is None
        images = F.batch_norm(
            images, self.running_mean, self.running_var, self.weight, self.bias, training,
            self.momentum, self.eps,
        )  # fmt: skip
        return self.act(self.drop(images))


class ScalesBefore(nn.BatchNorm2d):
    """Statistics are those of what is normalised, not of what the module is given."""

    def forward(self, images: Tensor) -> Tensor:
        return F.relu(super().forward(images.square()))


class ByHand(nn.BatchNorm2d):
    def forward(self, images: Tensor) -> Tensor:
        mean, scale = self.running_mean[:, None, None], self.running_var[:, None, None].sqrt()
        return (images - mean) / scale


class Squares(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.square()


def hooked() -> nn.Module:
    norm = nn.BatchNorm2d(4)
    norm.register_forward_hook(lambda _, __, output: F.relu(output))
    return norm


def network(*middle: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), *middle, nn.Conv2d(4, 4, 3))


CASES = {
    "by function": (lambda: [ActivatesByFunction(4)], []),
    "by module": (lambda: [ActivatesByModule(4)], []),
    "hooked": (lambda: [hooked()], []),
    "synchronised": (lambda: [nn.SyncBatchNorm(4), nn.ReLU()], []),
    "scales before": (lambda: [ScalesBefore(4)], [Squares()]),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_function_written_as_two_modules(case):
    make, before = CASES[case]
    data = inputs(13, 3, 9, 9)
    options = {"batch_statistics": True, "layers": "output"}
    expected = sensitivity.measure(network(*before, nn.BatchNorm2d(4), nn.ReLU()), *data, **options)
    found = sensitivity.measure(network(*make()), *data, **options)
    assert_same(found, expected, rel=1e-5)
    with_functions = sensitivity.measure(network(*make()), *data, functions=True, **options)
    assert_same(with_functions, expected, rel=1e-5)


def test_a_batch_norm_is_a_network_too():
    data = inputs(13, 4, 5, 5)
    alone = sensitivity.measure(nn.BatchNorm2d(4), *data, batch_statistics=True)
    inside = sensitivity.measure(nn.Sequential(nn.BatchNorm2d(4)), *data, batch_statistics=True)
    assert_same(alone, inside)


class Doubled(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


@pytest.mark.parametrize("how", ["pruned", "parametrised"])
def test_its_weights_may_be_computed(how):
    data = inputs(13, 3, 9, 9)
    norm, expected = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    if how == "pruned":
        prune.custom_from_mask(norm, "weight", torch.tensor([1, 0, 1, 1]))
        expected.weight.data[1] = 0
    else:
        parametrize.register_parametrization(norm, "weight", Doubled())
        expected.weight.data *= 2
    tables = [
        sensitivity.measure(network(each), *data, batch_statistics=True, layers="output")
        for each in (norm, expected)
    ]
    assert_same(*tables, rel=1e-5)


def test_one_that_computes_by_hand_is_refused():
    with pytest.raises(UserError, match="ByHand normalises by other means"):
        sensitivity.measure(network(ByHand(4)), *inputs(5, 3, 9, 9), batch_statistics=True)


def test_a_network_that_holds_a_lock_is_measured():
    data, held = inputs(13, 3, 9, 9), network(nn.BatchNorm2d(4))
    expected = sensitivity.measure(held, *data, batch_statistics=True)
    held.lock = threading.Lock()
    assert_same(sensitivity.measure(held, *data, batch_statistics=True), expected)
