"""Residual networks for small images: torchvision's blocks, a 3x3 stem, no pooling in the stem."""

from collections import OrderedDict
from typing import Any

from torch import nn

from cnn_sensitivity.networks.layers import ACTIVATIONS, scaled

BLOCKS_PER_STAGE = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def resnet(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    depth: int,
) -> nn.Module:
    """Return a ResNet: images [B, in_channels, S, S] of any size to scores [B, num_classes].

    `width` scales the channels inside the blocks; the outputs of ResNet50's bottlenecks keep four
    times as many. Initialised as PyTorch does.
    """
    from torchvision.models.resnet import BasicBlock, Bottleneck  # slow to import

    block = Bottleneck if depth >= 50 else BasicBlock
    act = ACTIVATIONS[activation]
    channels = scaled(64, width)
    modules: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(in_channels, channels, kernel_size=3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(channels),
        relu=act(),
    )
    for index, count in enumerate(BLOCKS_PER_STAGE[depth]):
        inside = scaled(64 * 2**index, width)
        stride = 1 if index == 0 else 2
        modules[f"layer{index + 1}"] = _stage(block, channels, inside, count, stride, act)
        channels = inside * block.expansion
    modules["avgpool"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(channels, num_classes)
    return nn.Sequential(modules)


def _stage(
    block: Any, channels: int, inside: int, count: int, stride: int, act: type[nn.Module]
) -> nn.Sequential:
    """Return `count` blocks, of which the first changes the channels and the resolution."""
    blocks = []
    for index in range(count):
        stride_here = stride if index == 0 else 1
        out = inside * block.expansion
        downsample = None
        if stride_here != 1 or channels != out:
            downsample = nn.Sequential(
                nn.Conv2d(channels, out, kernel_size=1, stride=stride_here, bias=False),
                nn.BatchNorm2d(out),
            )
        residual = block(channels, inside, stride_here, downsample)
        residual.relu = act()  # torchvision's works in place
        blocks.append(residual)
        channels = out
    return nn.Sequential(*blocks)
