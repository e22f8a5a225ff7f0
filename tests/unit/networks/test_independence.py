"""Networks that mix the images of a batch, or are random in evaluation, are refused."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth, stochastic_depth

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks import build
from cnn_sensitivity.networks.independence import check


class Does(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function, self.conv = function, nn.Conv2d(3, 4, 3)
        self.calls = 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        return self.function(self, self.conv(images))


class Contrast(nn.Module):
    """Attention with the images where the tokens belong."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        tokens = images.flatten(1)[:, None, :8]
        return self.attention(tokens, tokens, tokens)[0][:, 0]


def coins(_, x: Tensor) -> Tensor:
    """Random once in some passes only."""
    return x * (1 if torch.rand(()) < 0.9 else 2)


RANDOM = {
    "dropout that never ends": lambda _, x: F.dropout(x, 0.1),
    "dropout of channels": lambda _, x: F.dropout2d(x, 0.1, training=True),
    "noise": lambda _, x: x + 0.1 * torch.randn_like(x),
    "numpy's noise": lambda _, x: x * float(np.random.uniform(0.5, 1)),
    "stochastic depth": lambda _, x: x + stochastic_depth(x, 0.2, "row"),
    "seldom": coins,
    "counts": lambda self, x: x * self.calls,
}
MIXES = {
    "batch norm of the batch": lambda _, x: F.batch_norm(x, None, None, training=True),
    "centred over images": lambda _, x: x - x.mean(0, keepdim=True),
    "largest of the batch": lambda _, x: x / x.abs().max(),
    "softmax over images": lambda _, x: x.flatten(1).softmax(0),
    "position in the batch": lambda _, x: x * torch.arange(1, len(x) + 1)[:, None, None, None],
    "the image before": lambda _, x: x + 0.1 * x.roll(1, 0),
}
FINE = {
    "in place": lambda _, x: x.sub_(0.3).mul_(2),
    "dropout": lambda self, x: F.dropout(x, 0.5, self.training),
    "stochastic depth": lambda self, x: stochastic_depth(x, 0.2, "row", self.training),
    "dropout of nothing": lambda _, x: F.dropout(x, 0.0, training=True),
    "layer norm": lambda _, x: F.layer_norm(x, x.shape[1:]),
    "an offset": lambda _, x: x + 1000,
    "nothing": lambda _, x: x * 0,
}


def images(count: int = 12) -> Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("case", RANDOM)
def test_a_random_network_is_refused(case):
    torch.manual_seed(0)
    with pytest.raises(UserError, match="random in evaluation"):
        check(Does(RANDOM[case]), images(), "it")


@pytest.mark.parametrize("case", MIXES)
def test_a_network_that_mixes_images_is_refused(case):
    torch.manual_seed(0)
    with pytest.raises(UserError, match="mixes the images"):
        check(Does(MIXES[case]), images(), "it")


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        Contrast(),
    ],
)
def test_modules_that_mix_images_are_refused(network):
    with pytest.raises(UserError, match="mixes the images"):
        check(network, images(), "it")


@pytest.mark.parametrize("case", FINE)
@pytest.mark.parametrize("count", [2, 4, 12])
def test_others_are_not(case, count):
    torch.manual_seed(0)
    network = Does(FINE[case])
    check(network, images(count), "it")
    assert network.training


@pytest.mark.parametrize("name", ["VGG11bn", "ResNet18", "EfficientNetB0", "ResNet20", "AlexNet"])
def test_the_papers_networks_are_not(name):
    torch.manual_seed(0)
    check(build(name, image_size=16), images(), "it")


def test_modules_of_pytorch_are_not():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), StochasticDepth(0.5, "batch"),
        nn.GroupNorm(2, 4), nn.RReLU(), nn.InstanceNorm2d(4),
    )  # fmt: skip
    check(network, images(), "it")


class Darker(nn.Sequential):
    """Changes the images that it is given."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images.sub_(0.3))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_images_are_given_as_a_copy_of_the_weights_type(kind):
    given = images()
    check(Darker(nn.Conv2d(3, 4, 3)).to(kind), given, "it")
    assert torch.equal(given, images())
