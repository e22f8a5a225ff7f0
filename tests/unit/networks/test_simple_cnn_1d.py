"""The one-dimensional network against its formula."""

from math import sqrt

import numpy as np
import pytest
import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks import build


def small(image_size=24, activation="relu", classes=1, in_channels=1, **options):
    options = {"blocks": 2, "channels": 5, **options}
    return build("SimpleCNN1D", in_channels, classes, image_size, activation=activation, **options)


def by_hand(network, signal, filter_size, stride, activation):
    """Return the output and the blocks' representations of one signal [C, N], with plain loops."""
    x = signal.numpy().astype(float)
    left = (filter_size - stride) // 2
    representations = []
    for name, block in network.named_children():
        if not name.startswith("block"):
            continue
        w, b = (p.detach().numpy().astype(float) for p in (block.conv.weight, block.conv.bias))
        length = x.shape[1]
        y = np.empty((len(w), length // stride))
        for position in range(y.shape[1]):
            sites = (position * stride - left + np.arange(filter_size)) % length
            for h in range(len(w)):
                total = (w[h] * x[:, sites]).sum() / sqrt(x.shape[0] * filter_size)
                y[h, position] = total + b[h]
        x = sqrt(filter_size) * (np.maximum(y, 0) if activation == "relu" else np.tanh(y))
        representations.append(x)
    beta, bias = (p.detach().numpy() for p in (network.readout.weight, network.readout.bias))
    return bias + (beta * x.mean(axis=1)).mean(axis=1), representations


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(
    "filter_size, stride", [(2, 2), (2, 1), (3, 1), (3, 2), (4, 2), (5, 1), (5, 2)]
)
def test_formula(filter_size, stride, activation):
    torch.manual_seed(0)
    network = small(activation=activation, filter_size=filter_size, stride=stride, classes=3)
    nn.init.normal_(network.readout.bias)
    signals = torch.randn(3, 1, 24)
    kind = {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]
    seen = []
    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    outputs = network(signals)
    assert len(seen) == 2
    for index, signal in enumerate(signals):
        expected, representations = by_hand(network, signal, filter_size, stride, activation)
        np.testing.assert_allclose(outputs[index].detach(), expected, rtol=1e-5, atol=1e-6)
        for hooked, representation in zip(seen, representations, strict=True):
            np.testing.assert_allclose(hooked[index].detach(), representation, rtol=1e-5, atol=1e-5)


def test_defaults_are_the_papers():
    network = build("SimpleCNN1D", in_channels=1, num_classes=1, image_size=128)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv1d)]
    assert len(convolutions) == 7
    assert {(c.out_channels, c.kernel_size, c.stride) for c in convolutions} == {(1000, (2,), (2,))}
    assert isinstance(network.readout, nn.Linear)
    with torch.no_grad():
        assert network(torch.randn(2, 1, 128)).shape == (2, 1)


def test_initial_parameters():
    torch.manual_seed(0)
    network = small(channels=400)
    for block in (network.block1, network.block2):
        assert block.conv.bias.std().item() == pytest.approx(1, abs=0.15)
        assert block.conv.weight.std().item() == pytest.approx(1, abs=0.1)
    assert network.readout.weight.std().item() == pytest.approx(1, abs=0.15)
    assert network.readout.bias.item() == 0


def test_width_scales_the_channels():
    network = build("SimpleCNN1D", 1, 1, 128, width=0.05)
    assert network.block7.conv.weight.shape == (50, 50, 2)


@pytest.mark.parametrize("stride, shift", [(1, 1), (2, 4)])
def test_output_does_not_change_under_a_periodic_shift(stride, shift):
    network = small(filter_size=3, stride=stride)
    signals = torch.randn(4, 1, 24)
    torch.testing.assert_close(network(signals), network(signals.roll(shift, dims=-1)))


def test_a_step_times_the_channels_changes_the_output_alike_at_every_number_of_channels():
    signals = torch.randn(8, 1, 32, generator=torch.Generator().manual_seed(3))
    changes = []
    for channels in (50, 800):
        torch.manual_seed(0)
        network = small(image_size=32, blocks=4, channels=channels)
        before = network(signals)
        before.mean().backward()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if "conv" in name:
                    parameter += 1e-3 * channels * parameter.grad
            changes.append((network(signals) - before).mean().item())
    assert 0.5 < changes[0] / changes[1] < 2


@pytest.mark.parametrize(
    "options, message",
    [
        ({"blocks": 0}, "blocks must be at least 1"),
        ({"channels": 0}, "channels must be at least 1"),
        ({"filter_size": 2, "stride": 3}, "filter_size 2 is smaller than stride 3"),
        ({"blocks": 6}, "a signal of 24 pixels has only 1 left before block 5"),
        ({"blocks": 4, "filter_size": 21}, "too few for filter_size 21 and stride 2"),
    ],
)
def test_errors(options, message):
    with pytest.raises(UserError, match=message):
        small(**options)
