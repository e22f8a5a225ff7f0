"""Residual networks of He et al. (2016, section 4.2), made for CIFAR-10: ResNet20 to ResNet110."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

from cnn_sensitivity.networks.layers import ACTIVATIONS, scaled


def cifar_resnet(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    depth: int,
    shortcut: str = "pad",
) -> nn.Module:
    """Return a ResNet of 6n + 2 layers: images [B, in_channels, S, S] to scores [B, num_classes].

    Three stages of n blocks of two 3x3 convolutions, with 16, 32 and 64 channels; the second and
    the third stage halve the resolution. There, `shortcut` is "pad", He et al.'s option A (every
    second pixel, and zeros for the new channels), or "projection", option B (1x1 convolution with
    batch norm). Parameters have the names of torchvision's ResNets, as most published weights of
    these networks do. Initialised as PyTorch does.
    """
    act = ACTIVATIONS[activation]
    channels = scaled(16, width)
    modules: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(in_channels, channels, kernel_size=3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(channels),
        relu=act(),
    )
    for index in range(3):
        out = scaled(16 * 2**index, width)
        blocks = []
        for position in range((depth - 2) // 6):
            stride = 2 if index > 0 and position == 0 else 1
            blocks.append(Block(channels, out, stride, shortcut, act))
            channels = out
        modules[f"layer{index + 1}"] = nn.Sequential(*blocks)
    modules["avgpool"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(channels, num_classes)
    return nn.Sequential(modules)


class Block(nn.Module):
    """Two 3x3 convolutions around which a shortcut leads: [B, C, S, S] to [B, C', S', S'].

    S' is S / `stride`, rounded up.
    """

    def __init__(
        self, channels: int, out: int, stride: int, shortcut: str, activation: type[nn.Module]
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu1 = activation()
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = _shortcut(channels, out, stride, shortcut)
        self.relu2 = activation()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inside = self.relu1(self.bn1(self.conv1(images)))
        return self.relu2(self.bn2(self.conv2(inside)) + self.downsample(images))


class Subsample(nn.Module):
    """A shortcut without parameters: every `stride`-th pixel, between channels of zeros."""

    def __init__(self, stride: int, before: int, after: int):
        super().__init__()
        self.stride, self.before, self.after = stride, before, after

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        kept = images[:, :, :: self.stride, :: self.stride]
        return functional.pad(kept, (0, 0, 0, 0, self.before, self.after))


def _shortcut(channels: int, out: int, stride: int, kind: str) -> nn.Module:
    if stride == 1:  # the channels change only where the resolution does
        return nn.Identity()
    if kind == "projection":
        convolution = nn.Conv2d(channels, out, kernel_size=1, stride=stride, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(out))
    before = (out - channels) // 2
    return Subsample(stride, before, out - channels - before)
