"""EfficientNetB0 for small images: torchvision's network with a stem of stride 1."""

from torch import nn

from cnn_sensitivity.config.limits import check_activation

# Expansion, filter size, stride, channels in, channels out, blocks: Tan and Le 2019, table 1.
STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


def efficientnet_b0(
    in_channels: int, num_classes: int, image_size: int, width: float, activation: str
) -> nn.Module:
    """Return EfficientNetB0: images [B, in_channels, S, S] of any size to scores [B, num_classes].

    This is torchvision's network, with its head of 1280 channels (4,020,358 parameters for 10
    classes), its SiLU and its initialisation; T22's own [code] has no such head. Channels are
    multiples of 8 at every width. Raises UserError for any activation other than the default.
    """
    check_activation("EfficientNetB0", activation)
    from torchvision.models.efficientnet import EfficientNet, MBConvConfig  # slow to import

    stages = [MBConvConfig(*stage, width_mult=width) for stage in STAGES]
    network = EfficientNet(stages, dropout=0.2, num_classes=num_classes)
    torchvision_stem = network.features[0][0]
    stem = nn.Conv2d(
        in_channels, torchvision_stem.out_channels, kernel_size=3, padding=1, bias=False
    )
    nn.init.kaiming_normal_(stem.weight, mode="fan_out")  # as in torchvision
    network.features[0][0] = stem
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return network
