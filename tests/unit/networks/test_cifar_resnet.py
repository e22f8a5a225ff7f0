"""He et al.'s ResNets for CIFAR-10: depth, both shortcuts, and one activation a place."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.networks import build
from cnn_sensitivity.networks.cifar_resnet import Block, Subsample

DEPTHS = (20, 32, 44, 56, 110)


def weighted_layers(network):
    """Return the layers that a depth counts: shortcuts do not."""
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and "downsample" not in name
    ]


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_depth_counts_convolutions_and_the_readout(depth, shortcut):
    with torch.device("meta"):
        network = build(f"ResNet{depth}", shortcut=shortcut)
    assert len(weighted_layers(network)) == depth
    stages = [network.get_submodule(f"layer{stage}") for stage in (1, 2, 3)]
    assert [len(stage) for stage in stages] == [(depth - 2) // 6] * 3
    assert [stage[-1].conv2.out_channels for stage in stages] == [16, 32, 64]


def test_projections_add_their_parameters_only():
    pad, projection = build("ResNet20"), build("ResNet20", shortcut="projection")
    names = dict(pad.named_parameters())
    added = {n: p for n, p in projection.named_parameters() if n not in names}
    assert {name.rsplit(".", 2)[0] for name in added} == {
        "layer2.0.downsample",
        "layer3.0.downsample",
    }
    assert sum(p.numel() for p in added.values()) == 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    # The parameters of IntelLabs' distiller's and chenyaofo's ResNet20.
    assert sum(p.numel() for p in projection.parameters()) == 272_474


def test_each_activation_is_a_module_of_its_own_that_is_called_once():
    network = build("ResNet20", width=0.25)
    images = torch.randn(4, 3, 32, 32)
    table = sensitivity.measure(network, images, images + 0.1, images - 0.1)
    activations = table[table.kind == "activation"]
    assert len(activations) == 1 + 2 * 9
    assert not table.layer.str.contains(":").any()
    assert table.layer.iloc[-1] == "fc"


def reference(state, images, depth, shortcut):
    """Return the scores by the formulas of the paper, from a state dict alone."""

    def conv(x, name, **options):
        return functional.conv2d(x, state[f"{name}.weight"], **options)

    def norm(x, name):
        parts = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        mean, variance, weight, bias = (part[:, None, None] for part in parts)
        return (x - mean) / (variance + 1e-5).sqrt() * weight + bias

    x = norm(conv(images, "conv1", padding=1), "bn1").relu()
    for stage in (1, 2, 3):
        for index in range((depth - 2) // 6):
            name, halves = f"layer{stage}.{index}", stage > 1 and index == 0
            stride = 2 if halves else 1
            inside = conv(x, f"{name}.conv1", padding=1, stride=stride)
            inside = norm(inside, f"{name}.bn1").relu()
            inside = norm(conv(inside, f"{name}.conv2", padding=1), f"{name}.bn2")
            if halves and shortcut == "projection":
                x = norm(conv(x, f"{name}.downsample.0", stride=2), f"{name}.downsample.1")
            elif halves:
                sampled = x[:, :, ::2, ::2]
                zeros = torch.zeros_like(sampled[:, : sampled.shape[1] // 2])
                x = torch.cat([zeros, sampled, zeros], dim=1)
            x = (inside + x).relu()
    return x.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_it_follows_the_formulas_of_the_paper(shortcut):
    torch.manual_seed(0)
    network = build("ResNet20", shortcut=shortcut).double().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        expected = reference(network.state_dict(), images, 20, shortcut)
        torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize("channels, out, size", [(16, 32, 32), (2, 5, 7), (3, 3, 1)])
def test_a_shortcut_without_parameters_keeps_pixels_and_adds_zeros(channels, out, size):
    before = (out - channels) // 2
    images = torch.randn(2, channels, size, size)
    kept = Subsample(2, before, out - channels - before)(images)
    block = Block(channels, out, 2, "pad", nn.ReLU).eval()
    assert block(images).shape == kept.shape == (2, out, -(-size // 2), -(-size // 2))
    assert torch.equal(kept[:, before : before + channels], images[:, :, ::2, ::2])
    assert kept.abs().sum() == pytest.approx(images[:, :, ::2, ::2].abs().sum().item(), rel=1e-5)
