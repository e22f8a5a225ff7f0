"""The simple one-dimensional CNN of the scale-detection tasks."""

from collections import OrderedDict
from math import sqrt

import torch
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.limits import check_blocks
from cnn_sensitivity.networks.layers import ScaledLinear, scaled


class ScaledConv1d(nn.Conv1d):
    """A convolution without padding whose N(0, 1) weight counts times 1/sqrt(fan-in).

    The scale acts in the forward pass; the fan-in is in_channels times the filter size.
    """

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.normal_(self.bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input / sqrt(self.in_channels * self.kernel_size[0]))


class ScaledReLU(nn.ReLU):
    """`scale` times ReLU."""

    def __init__(self, scale: float):
        super().__init__()
        self.scale = scale

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.scale * super().forward(input)


class ScaledTanh(nn.Tanh):
    """`scale` times tanh."""

    def __init__(self, scale: float):
        super().__init__()
        self.scale = scale

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return self.scale * super().forward(input)


SCALED_ACTIVATIONS = {"relu": ScaledReLU, "tanh": ScaledTanh}


def simple_cnn_1d(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    blocks: int = 7,
    channels: int = 1000,
    filter_size: int = 2,
    stride: int = 2,
) -> nn.Module:
    """Return the network: signals [B, in_channels, image_size] to scores [B, num_classes].

    Each block pads circularly, so that a length divides by `stride`, convolves into H = `channels`
    times `width` channels, and applies sqrt(filter_size) times the activation. Then come the
    average over space and output = bias + (1/H) sum_h beta_h y_h. Source: T22 [code].

    All weights and the blocks' biases start as N(0, 1) *parameters*, the output's bias as zero; the
    1/sqrt(fan-in) of the convolutions and the 1/H of the output act in the forward pass. Only so do
    T22's step lr * H and ridge sum w^2 / (H * blocks), over these parameters, change the network
    by an amount that does not depend on H.

    Raises UserError for options under 1, a filter smaller than the stride, or a signal that is too
    short for so many blocks.
    """
    for option, value in (
        ("blocks", blocks),
        ("channels", channels),
        ("filter_size", filter_size),
        ("stride", stride),
    ):
        if value < 1:
            raise UserError(f"SimpleCNN1D: {option} must be at least 1, not {value}")
    check_blocks(image_size, blocks, filter_size, stride)
    left = (filter_size - stride) // 2
    right = filter_size - stride - left
    hidden = scaled(channels, width)
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    before = in_channels
    for index in range(1, blocks + 1):
        modules[f"block{index}"] = nn.Sequential(
            OrderedDict(
                pad=nn.CircularPad1d((left, right)),
                conv=ScaledConv1d(before, hidden, filter_size, stride=stride),
                activation=SCALED_ACTIVATIONS[activation](sqrt(filter_size)),
            )
        )
        before = hidden
    readout = ScaledLinear(hidden, num_classes, scale=1 / hidden)
    nn.init.zeros_(readout.bias)
    modules["pool"] = nn.AdaptiveAvgPool1d(1)
    modules["flatten"] = nn.Flatten()
    modules["readout"] = readout
    return nn.Sequential(modules)
