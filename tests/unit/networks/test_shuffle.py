"""Channel shuffling: what it changes, and what it leaves."""

import copy
import itertools
from collections import Counter

import pytest
import torch
from torch import nn

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.networks import build, shuffle_channels

GROUPED = {
    "plain": {"in_channels": 8, "groups": 1},
    "grouped": {"in_channels": 8, "groups": 2},
    "depthwise": {"in_channels": 8, "groups": 8},
}


def permutation(channels, *identity):
    generator = torch.Generator().manual_seed(derive_seed(*identity))
    return torch.randperm(channels, generator=generator)


@pytest.mark.parametrize("options", GROUPED.values(), ids=GROUPED.keys())
@pytest.mark.parametrize("convolution", [nn.Conv1d, nn.Conv2d, nn.Conv3d])
def test_a_convolution_sees_its_inputs_permuted(convolution, options):
    dimension = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}[convolution]
    network = convolution(out_channels=16, kernel_size=3, **options)
    x = torch.randn(2, 8, *(5,) * dimension)
    expected = permutation(8, "a", 0, "")
    assert not torch.equal(expected, torch.arange(8))
    shuffled = shuffle_channels(network, "a", 0)
    torch.testing.assert_close(shuffled(x), network(x[:, expected]))


def test_every_convolution_of_a_network_has_its_own_permutation():
    network = nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 5, 3, groups=1)).eval()
    x = torch.randn(2, 6, 9, 9)
    first, second = permutation(6, "a", 0, "0"), permutation(8, "a", 0, "2")
    expected = network[2](network[1](network[0](x[:, first]))[:, second])
    torch.testing.assert_close(shuffle_channels(network, "a", 0)(x), expected)


def orders(network, *identity):
    """Return by layer the order in which a shuffled copy of a network takes its channels.

    It is read off the copy alone: each filter weighs a channel by its number.
    """
    numbered = copy.deepcopy(network)
    for module in numbered.modules():
        if isinstance(module, nn.Conv2d):
            channels = torch.arange(module.in_channels, dtype=module.weight.dtype)
            with torch.no_grad():
                module.weight.copy_(channels[None, :, None, None].expand_as(module.weight))
    shuffled = shuffle_channels(numbered, *identity)
    modules = shuffled.named_modules()
    return {n: m.weight[0, :, 0, 0].tolist() for n, m in modules if isinstance(m, nn.Conv2d)}


NET = nn.Sequential(nn.Conv2d(8, 9, 3), nn.Conv2d(9, 10, 3))


def test_draws_and_networks_share_no_permutation_and_the_same_one_has_its_own_again():
    chosen = orders(NET, 1, "A", 0)
    assert orders(NET, 1, "A", 0) == chosen
    for other in ((1, "A", 1), (1, "B", 0), (2, "A", 0)):
        assert all(orders(NET, *other)[layer] != order for layer, order in chosen.items())


def test_a_layers_permutation_depends_on_no_other_layer():
    longer = nn.Sequential()
    for name, layer in (("0", NET[0]), ("between", nn.Conv2d(9, 9, 1)), ("1", NET[1])):
        longer.add_module(name, layer)
    assert {**orders(longer, 1, "A", 0), **orders(NET, 1, "A", 0)} == orders(longer, 1, "A", 0)


def test_of_three_channels_every_order_comes_equally_often():
    network = nn.Conv2d(3, 1, 1)
    counts = Counter(tuple(orders(network, 1, "A", draw)[""]) for draw in range(600))
    assert set(counts) == set(itertools.permutations((0.0, 1.0, 2.0)))
    # Five degrees of freedom: chi squared is above 20.5 once in a thousand times.
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 20.5


@pytest.mark.parametrize("name", ["LeNet", "VGG11bn", "ResNet18", "EfficientNetB0"])
def test_only_convolutions_change(name):
    network = build(name, width=0.25).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    shuffled = shuffle_channels(network, "a", 0)
    assert [(n, type(m)) for n, m in network.named_modules()] == [
        (n, type(m)) for n, m in shuffled.named_modules()
    ]
    after = shuffled.state_dict()
    assert list(after) == list(before)
    for key, value in before.items():
        assert torch.equal(network.state_dict()[key], value), "the original was touched"
        owner = network.get_submodule(key.rpartition(".")[0])
        plain = isinstance(owner, nn.Conv2d) and owner.groups == 1 and key.endswith("weight")
        if not plain:
            assert torch.equal(after[key], value)
        elif owner.in_channels >= 8:  # fewer channels may come out in their old order
            assert not torch.equal(after[key], value)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        scores = shuffled(x)
        assert torch.equal(shuffle_channels(network, "a", 0)(x), scores)
        for other in (network, shuffle_channels(network, "a", 1)):
            assert (other(x) - scores).norm() > 1e-3 * scores.norm()


def test_depthwise_convolutions_are_shuffled_too():
    network = build("EfficientNetB0", width=0.25).eval()
    shuffled = shuffle_channels(network, "a", 0)
    depthwise = [n for n, m in network.named_modules() if getattr(m, "groups", 1) > 1]
    assert len(depthwise) == 16
    for name in depthwise:
        old, new = network.get_submodule(name), shuffled.get_submodule(name)
        x = torch.randn(1, old.in_channels, 8, 8)
        torch.testing.assert_close(new(x), old(x[:, new.input_permutation]))
        assert not torch.equal(new(x), old(x))


def test_one_channel_cannot_be_shuffled():
    network = nn.Conv2d(1, 4, 3)
    shuffled = shuffle_channels(network, "a", 0)
    assert torch.equal(shuffled.weight, network.weight)


def test_a_network_without_convolutions_stays():
    network = build("FullConnL4")
    x = torch.randn(3, 3, 32, 32)
    assert torch.equal(shuffle_channels(network, "a", 0)(x), network(x))


def test_precision_stays():
    shuffled = shuffle_channels(nn.Conv2d(8, 8, 3, groups=8).double(), "a", 0)
    assert shuffled(torch.randn(1, 8, 5, 5, dtype=torch.float64)).dtype == torch.float64
