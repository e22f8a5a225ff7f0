"""Channel shuffling: what it changes, and what it leaves."""

import pytest
import torch
from torch import nn

from cnn_sensitivity.networks import build, shuffle_channels

GROUPED = {
    "plain": {"in_channels": 8, "groups": 1},
    "grouped": {"in_channels": 8, "groups": 2},
    "depthwise": {"in_channels": 8, "groups": 8},
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("options", GROUPED.values(), ids=GROUPED.keys())
@pytest.mark.parametrize("convolution", [nn.Conv1d, nn.Conv2d, nn.Conv3d])
def test_a_convolution_sees_its_inputs_permuted(convolution, options):
    dimension = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}[convolution]
    network = convolution(out_channels=16, kernel_size=3, **options)
    x = torch.randn(2, 8, *(5,) * dimension)
    permutation = torch.randperm(8, generator=generator())
    assert not torch.equal(permutation, torch.arange(8))
    shuffled = shuffle_channels(network, generator())
    torch.testing.assert_close(shuffled(x), network(x[:, permutation]))


def test_every_convolution_of_a_network_has_its_own_permutation():
    network = nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 5, 3, groups=1)).eval()
    x = torch.randn(2, 6, 9, 9)
    draw = generator()
    first, second = torch.randperm(6, generator=draw), torch.randperm(8, generator=draw)
    expected = network[2](network[1](network[0](x[:, first]))[:, second])
    torch.testing.assert_close(shuffle_channels(network, generator())(x), expected)


@pytest.mark.parametrize("name", ["LeNet", "VGG11bn", "ResNet18", "EfficientNetB0"])
def test_only_convolutions_change(name):
    network = build(name, width=0.25).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    shuffled = shuffle_channels(network, generator())
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
        assert torch.equal(shuffle_channels(network, generator())(x), scores)
        for other in (network, shuffle_channels(network, generator(1))):
            assert (other(x) - scores).norm() > 1e-3 * scores.norm()


def test_depthwise_convolutions_are_shuffled_too():
    network = build("EfficientNetB0", width=0.25).eval()
    shuffled = shuffle_channels(network, generator())
    depthwise = [n for n, m in network.named_modules() if getattr(m, "groups", 1) > 1]
    assert len(depthwise) == 16
    for name in depthwise:
        old, new = network.get_submodule(name), shuffled.get_submodule(name)
        x = torch.randn(1, old.in_channels, 8, 8)
        torch.testing.assert_close(new(x), old(x[:, new.input_permutation]))
        assert not torch.equal(new(x), old(x))


def test_one_channel_cannot_be_shuffled():
    network = nn.Conv2d(1, 4, 3)
    shuffled = shuffle_channels(network, generator())
    assert torch.equal(shuffled.weight, network.weight)


def test_a_network_without_convolutions_stays():
    network = build("FullConnL4")
    x = torch.randn(3, 3, 32, 32)
    assert torch.equal(shuffle_channels(network, generator())(x), network(x))


def test_precision_stays():
    shuffled = shuffle_channels(nn.Conv2d(8, 8, 3, groups=8).double(), generator())
    assert shuffled(torch.randn(1, 8, 5, 5, dtype=torch.float64)).dtype == torch.float64
