"""Shuffling convolutions whose filters are computed, changed or shared; and networks that hold
what cannot be copied."""

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from cnn_sensitivity.base.copying import copied
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import shuffle_channels

CHANNELS = 8


class Standardised(nn.Conv2d):
    """Weight standardisation: another filter than `weight` is what convolves."""

    def forward(self, images: Tensor) -> Tensor:
        filters = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(images, filters, self.bias)


class Masked(nn.Conv2d):
    """Only the first half of the input channels is seen."""

    def forward(self, images: Tensor) -> Tensor:
        mask = torch.arange(CHANNELS)[None, :, None, None] < CHANNELS // 2
        return F.conv2d(images, self.weight * mask, self.bias)


class Through(nn.Conv2d):
    """Overrides what `forward` calls."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return super()._conv_forward(input, weight * torch.arange(CHANNELS)[:, None, None], bias)


class Halved(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight * torch.linspace(0.5, 1, CHANNELS)[:, None, None]


def conv(kind: type[nn.Conv2d] = nn.Conv2d) -> nn.Conv2d:
    torch.manual_seed(0)
    return kind(CHANNELS, 6, 3)


def halved() -> nn.Module:
    network = conv()
    parametrize.register_parametrization(network, "weight", Halved())
    return network


KINDS: dict[str, Callable[[], nn.Module]] = {
    "plain": conv,
    "old weight norm": lambda: weight_norm(conv()),
    "weight norm": lambda: parametrizations.weight_norm(conv()),
    "old spectral norm": lambda: spectral_norm(conv()),
    "spectral norm": lambda: parametrizations.spectral_norm(conv()),
    "orthogonal": lambda: parametrizations.orthogonal(conv()),
    "own parametrisation": halved,
    "pruned by size": lambda: prune.l1_unstructured(conv(), "weight", 0.5),
    "pruned channels": lambda: prune.ln_structured(conv(), "weight", 0.5, n=2, dim=1),
    "pruned for good": lambda: prune.remove(
        prune.random_unstructured(conv(), "weight", 0.5), "weight"
    ),
    "standardised": lambda: conv(Standardised),
    "masked": lambda: conv(Masked),
    "overridden below": lambda: conv(Through),
}


def permutation(name: str = "") -> Tensor:
    generator = torch.Generator().manual_seed(derive_seed("a", 0, name))
    return torch.randperm(CHANNELS, generator=generator)


@pytest.mark.parametrize("called_before", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_inputs_are_permuted_however_the_filters_come_about(kind, called_before):
    network, x = KINDS[kind]().eval(), torch.randn(2, CHANNELS, 5, 5)
    if called_before:  # with a gradient, so that computed weights have a history
        network(x)
    expected = network(x[:, permutation()]).detach()
    shuffled = shuffle_channels(network, "a", 0)
    torch.testing.assert_close(shuffled(x), expected)
    assert (network(x) - expected).norm() > 0.1 * expected.norm()


def test_filters_that_two_convolutions_share_are_permuted_for_each():
    first, second = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.Conv2d(CHANNELS, CHANNELS, 3)
    second.weight = first.weight
    network, x = nn.Sequential(first, second), torch.randn(2, CHANNELS, 6, 6)
    expected = second(first(x[:, permutation("0")])[:, permutation("1")])
    torch.testing.assert_close(shuffle_channels(network, "a", 0)(x), expected)


@pytest.mark.parametrize("thing", [threading.Lock(), (n for n in range(3)), [threading.Lock()]])
def test_what_cannot_be_copied_is_shared(thing):
    network, x = (
        nn.Sequential(weight_norm(conv()), nn.ReLU()).eval(),
        torch.randn(2, CHANNELS, 5, 5),
    )
    network[0].held, network.held = network(x), thing
    expected = network(x[:, :CHANNELS])
    copy = copied(network)
    assert copy.held is thing
    torch.testing.assert_close(copy(x), expected)
    with torch.no_grad():
        copy[0].weight_v.zero_()
    torch.testing.assert_close(network(x), expected)


class Stubborn(nn.Module):
    def __deepcopy__(self, memo):
        raise RuntimeError("one of a kind")

    def forward(self, images: Tensor) -> Tensor:
        return images * 2


def test_a_network_that_cannot_be_copied_at_all_is_named_and_measured():
    network = nn.Sequential(conv(), Stubborn())
    with pytest.raises(UserError, match="cannot be copied .RuntimeError: one of a kind"):
        shuffle_channels(network, "a", 0)
    x = torch.randn(6, CHANNELS, 5, 5)
    table = sensitivity.measure(network, x, x + 0.1 * torch.randn_like(x), x + 0.1)
    assert table["layer"].tolist() == ["0", "output"]


def test_torchscript_is_measured_by_its_output():
    network = torch.jit.script(nn.Sequential(conv(), nn.ReLU()))
    x = torch.randn(6, CHANNELS, 5, 5)
    sets = x, x + 0.1 * torch.randn_like(x), x + 0.1
    expected = sensitivity.measure(nn.Sequential(conv(), nn.ReLU()), *sets, layers="output")
    found = sensitivity.measure(network, *sets, functions=True)
    assert found["R"].iloc[-1] == pytest.approx(expected["R"].iloc[-1], rel=1e-5)
