"""Fully connected networks in the neural-tangent parametrisation."""

from collections import OrderedDict
from math import sqrt

from torch import nn

from cnn_sensitivity.networks.layers import ACTIVATIONS, ScaledLinear, scaled


def fully_connected(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    hidden_layers: int,
) -> nn.Module:
    """Return a fully connected network: images [B, in_channels, S, S] to scores [B, num_classes].

    Each hidden layer, of 64 times `width` units, maps x to activation(x w / sqrt(fan-in) + b); the
    last maps x to x w / fan-in, without bias; w, b ~ N(0, 1). Source: T22 [code].
    """
    hidden = scaled(64, width)
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    fan_in = in_channels * image_size**2
    for index in range(1, hidden_layers + 1):
        modules[f"linear{index}"] = ScaledLinear(fan_in, hidden, scale=1 / sqrt(fan_in))
        modules[f"activation{index}"] = ACTIVATIONS[activation]()
        fan_in = hidden
    modules["output"] = ScaledLinear(fan_in, num_classes, scale=1 / fan_in, bias=False)
    return nn.Sequential(modules)
