"""A network of your own, as the workflow calls it: `name: examples.my_network:my_network`.

A class or function that makes a torch.nn.Module is all that is needed; it is given those of
in_channels, num_classes, image_size and width that it takes. Each call of a module (nn.Conv2d,
nn.ReLU, ...) is a layer that is measured, and so is torch.relu.
"""

from torch import nn


def my_network(
    in_channels: int, num_classes: int, image_size: int, width: float, depth: int = 4
) -> nn.Module:
    """Return convolutions of stride 2 without pooling: images to scores.

    `width` and `depth` (an option of its own) come from the configuration; `image_size` is free.
    """
    channels = [in_channels, *(max(1, round(16 * 2**k * width)) for k in range(depth))]
    layers: list[nn.Module] = []
    for before, after in zip(channels[:-1], channels[1:], strict=True):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[-1], num_classes)]
    return nn.Sequential(*layers)
