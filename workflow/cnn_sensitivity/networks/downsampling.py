"""R18's networks: blocks of 3x3 convolutions that differ in the downsampling after each block."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from cnn_sensitivity.config.limits import check_halvings
from cnn_sensitivity.networks.layers import ACTIVATIONS, scaled

# Convolutions and channels of each block, by the number of blocks (R18, appendix A.1): CIFAR-10's
# network has four, ImageNet's five.
BLOCKS = {
    4: ((2, 32), (2, 64), (2, 128), (2, 256)),
    5: ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
}


class Subsample(nn.MaxPool2d):
    """Keep the top left pixel of each 2x2 block: a pooling layer that pools nothing.

    Input [B, C, H, W], output [B, C, H // 2, W // 2].
    """

    def __init__(self) -> None:
        super().__init__(kernel_size=1, stride=2)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        height, width = (side // 2 * 2 for side in input.shape[-2:])
        return input[..., :height:2, :width:2]


def _strided(channels: int) -> nn.Module:
    return nn.Conv2d(channels, channels, kernel_size=2, stride=2)


def _strided_with_activation(channels: int, activation: type[nn.Module]) -> nn.Module:
    convolution = nn.Conv2d(channels, channels, kernel_size=2, stride=2, bias=False)
    norm = nn.BatchNorm2d(channels)
    return nn.Sequential(OrderedDict(conv=convolution, norm=norm, activation=activation()))


DOWNSAMPLINGS: dict[str, Callable[[int, type[nn.Module]], nn.Module]] = {
    "max": lambda channels, activation: nn.MaxPool2d(2),
    "average": lambda channels, activation: nn.AvgPool2d(2),
    "subsample": lambda channels, activation: Subsample(),
    "strided": lambda channels, activation: _strided(channels),
    "strided_relu": _strided_with_activation,
}


def downsampling_cnn(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    downsampling: str,
    blocks: int = 4,
) -> nn.Module:
    """Return the network: images [B, in_channels, S, S] to scores [B, num_classes].

    Each block is two or three times [convolution 3x3, batch norm, activation], and what halves
    height and width: `downsampling` is "max" or "average" (pooling 2x2), "subsample", "strided"
    (convolution 2x2 of stride 2) or "strided_relu" (that, batch norm and activation). Then come
    the average over space and one linear layer. `blocks`: 4 for the network of CIFAR-10, 5 for
    that of ImageNet. Initialised as PyTorch does; R18's initial weights are a recipe's
    `truncated_normal`. Raises UserError for another number of blocks, and images of which nothing
    is left after the last.

    R18's layers are the outputs of `blockN.activationM` and of `blockN.downsampling` (with
    "strided_relu", `blockN.downsampling.activation`).
    """
    check_halvings(image_size, blocks)
    act = ACTIVATIONS[activation]
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels = in_channels
    for index, (convolutions, block_channels) in enumerate(BLOCKS[blocks], start=1):
        block: OrderedDict[str, nn.Module] = OrderedDict()
        for place in range(1, convolutions + 1):
            before, channels = channels, scaled(block_channels, width)
            block[f"conv{place}"] = nn.Conv2d(
                before, channels, kernel_size=3, padding=1, bias=False
            )
            block[f"norm{place}"] = nn.BatchNorm2d(channels)
            block[f"activation{place}"] = act()
        block["downsampling"] = DOWNSAMPLINGS[downsampling](channels, act)
        modules[f"block{index}"] = nn.Sequential(block)
    modules["average"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["classifier"] = nn.Linear(channels, num_classes)
    return nn.Sequential(modules)
