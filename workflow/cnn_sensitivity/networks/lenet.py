"""LeNet: two 5x5 convolutions with max pooling and three linear layers."""

from collections import OrderedDict

from torch import nn

from cnn_sensitivity.config.limits import check_size
from cnn_sensitivity.networks.layers import ACTIVATIONS, scaled


def lenet(
    in_channels: int, num_classes: int, image_size: int, width: float, activation: str
) -> nn.Module:
    """Return LeNet: images [B, in_channels, S, S] to scores [B, num_classes].

    The first linear layer follows the image's size. Raises UserError for images of under 16
    pixels, of which nothing is left after the second pooling. Initialised as PyTorch does.
    """
    check_size("LeNet", image_size)
    act = ACTIVATIONS[activation]
    c1, c2, hidden1, hidden2 = (scaled(c, width) for c in (6, 16, 120, 84))
    last_size = ((image_size - 4) // 2 - 4) // 2
    features = nn.Sequential(
        nn.Conv2d(in_channels, c1, kernel_size=5),
        act(),
        nn.MaxPool2d(2),
        nn.Conv2d(c1, c2, kernel_size=5),
        act(),
        nn.MaxPool2d(2),
    )
    classifier = nn.Sequential(
        nn.Linear(c2 * last_size**2, hidden1),
        act(),
        nn.Linear(hidden1, hidden2),
        act(),
        nn.Linear(hidden2, num_classes),
    )
    return nn.Sequential(
        OrderedDict(features=features, flatten=nn.Flatten(), classifier=classifier)
    )
