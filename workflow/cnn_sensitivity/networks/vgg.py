"""VGG networks for small images: T22's [code] variants, with one linear layer at the end."""

from collections import OrderedDict

from torch import nn

from cnn_sensitivity.networks.layers import ACTIVATIONS, pad_image, scaled

# Channels of the 3x3 convolutions of each of the five stages; a 2x2 max pooling ends each.
STAGES = {
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    13: ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    16: ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}


def vgg(
    in_channels: int,
    num_classes: int,
    image_size: int,
    width: float,
    activation: str,
    *,
    depth: int,
    batch_norm: bool,
) -> nn.Module:
    """Return a VGG network: images [B, in_channels, S, S] to scores [B, num_classes].

    Images of under 32 pixels are zero-padded to 32. Initialised as PyTorch does.
    """
    pad, size = pad_image(image_size, 32)
    features: list[nn.Module] = []
    channels = in_channels
    for stage in STAGES[depth]:
        for stage_channels in stage:
            before, channels = channels, scaled(stage_channels, width)
            features.append(nn.Conv2d(before, channels, kernel_size=3, padding=1))
            if batch_norm:
                features.append(nn.BatchNorm2d(channels))
            features.append(ACTIVATIONS[activation]())
        features.append(nn.MaxPool2d(2))
    return nn.Sequential(
        OrderedDict(
            pad=pad,
            features=nn.Sequential(*features),
            flatten=nn.Flatten(),
            classifier=nn.Linear(channels * (size // 32) ** 2, num_classes),
        )
    )
