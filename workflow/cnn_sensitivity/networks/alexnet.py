"""AlexNet for small images: T22's [code] variant, all filters 3x3 with padding 1."""

from collections import OrderedDict

from torch import nn

from cnn_sensitivity.networks.layers import ACTIVATIONS, pad_image, scaled


def alexnet(
    in_channels: int, num_classes: int, image_size: int, width: float, activation: str
) -> nn.Module:
    """Return AlexNet: images [B, in_channels, S, S] to scores [B, num_classes].

    Images of under 32 pixels are zero-padded to 32. Initialised as PyTorch does.
    """
    pad, size = pad_image(image_size, 32)
    act = ACTIVATIONS[activation]
    c1, c2, c3, c4, c5 = (scaled(c, width) for c in (64, 192, 384, 256, 256))
    hidden = scaled(4096, width)
    last_size = (size + 1) // 2 // 8  # the stride of the first convolution, then three poolings
    features = nn.Sequential(
        nn.Conv2d(in_channels, c1, kernel_size=3, stride=2, padding=1),
        act(),
        nn.MaxPool2d(2),
        nn.Conv2d(c1, c2, kernel_size=3, padding=1),
        act(),
        nn.MaxPool2d(2),
        nn.Conv2d(c2, c3, kernel_size=3, padding=1),
        act(),
        nn.Conv2d(c3, c4, kernel_size=3, padding=1),
        act(),
        nn.Conv2d(c4, c5, kernel_size=3, padding=1),
        act(),
        nn.MaxPool2d(2),
    )
    classifier = nn.Sequential(
        nn.Dropout(),
        nn.Linear(c5 * last_size**2, hidden),
        act(),
        nn.Dropout(),
        nn.Linear(hidden, hidden),
        act(),
        nn.Linear(hidden, num_classes),
    )
    return nn.Sequential(
        OrderedDict(pad=pad, features=features, flatten=nn.Flatten(), classifier=classifier)
    )
