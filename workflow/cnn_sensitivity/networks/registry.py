"""Networks by name: those of the paper, and a user's own."""

import difflib
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnn_sensitivity.base import own_code
from cnn_sensitivity.base.copying import leave_inference
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.evaluating import evaluating
from cnn_sensitivity.config.limits import check_options
from cnn_sensitivity.networks.alexnet import alexnet
from cnn_sensitivity.networks.cifar_resnet import cifar_resnet
from cnn_sensitivity.networks.downsampling import downsampling_cnn
from cnn_sensitivity.networks.efficientnet import efficientnet_b0
from cnn_sensitivity.networks.fully_connected import fully_connected
from cnn_sensitivity.networks.layers import ACTIVATIONS
from cnn_sensitivity.networks.lenet import lenet
from cnn_sensitivity.networks.ntk_fully_connected import ntk_network
from cnn_sensitivity.networks.resnet import resnet
from cnn_sensitivity.networks.simple_cnn_1d import simple_cnn_1d
from cnn_sensitivity.networks.vgg import vgg

_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "FullConnL2": partial(fully_connected, hidden_layers=1),
    "FullConnL4": partial(fully_connected, hidden_layers=3),
    "FullConnL6": partial(fully_connected, hidden_layers=5),
    "NTKFullConn": ntk_network,
    "LeNet": lenet,
    "AlexNet": alexnet,
    "VGG11": partial(vgg, depth=11, batch_norm=False),
    "VGG11bn": partial(vgg, depth=11, batch_norm=True),
    "VGG13bn": partial(vgg, depth=13, batch_norm=True),
    "VGG16bn": partial(vgg, depth=16, batch_norm=True),
    "VGG19bn": partial(vgg, depth=19, batch_norm=True),
    "ResNet18": partial(resnet, depth=18),
    "ResNet34": partial(resnet, depth=34),
    "ResNet50": partial(resnet, depth=50),
    "ResNet20": partial(cifar_resnet, depth=20),
    "ResNet32": partial(cifar_resnet, depth=32),
    "ResNet44": partial(cifar_resnet, depth=44),
    "ResNet56": partial(cifar_resnet, depth=56),
    "ResNet110": partial(cifar_resnet, depth=110),
    "EfficientNetB0": efficientnet_b0,
    "MaxPoolCNN": partial(downsampling_cnn, downsampling="max"),
    "AveragePoolCNN": partial(downsampling_cnn, downsampling="average"),
    "SubsampleCNN": partial(downsampling_cnn, downsampling="subsample"),
    "StridedCNN": partial(downsampling_cnn, downsampling="strided"),
    "StridedReLUCNN": partial(downsampling_cnn, downsampling="strided_relu"),
    "SimpleCNN1D": simple_cnn_1d,
}
NAMES = tuple(_BUILDERS)


def build(
    name: str,
    in_channels: int = 3,
    num_classes: int = 10,
    image_size: int = 32,
    width: float = 1.0,
    activation: str = "relu",
    **options: Any,
) -> nn.Module:
    """Return a freshly initialised network: [B, in_channels, S, S] to scores [B, num_classes].

    `name` is one of NAMES, or `module:callable`, which is called with those of in_channels,
    num_classes, image_size and width that it takes by keyword, with the options, and with width and
    activation where they are not the defaults. `image_size` is S,
    in pixels; SimpleCNN1D takes signals [B, in_channels, S]. `width` multiplies all hidden channel
    numbers. SimpleCNN1D's options are blocks, channels, filter_size and stride; R18's networks,
    MaxPoolCNN and so on, take blocks; that of ResNet20 to ResNet110 is shortcut, "pad" or
    "projection". The initial weights come from torch's global generator. Raises UserError for an
    unknown name, number, activation or option.
    """
    for argument, value in (
        ("in_channels", in_channels),
        ("num_classes", num_classes),
        ("image_size", image_size),
    ):
        if value < 1:
            raise UserError(f"{argument} must be at least 1, not {value}")
    if not 0 < width < float("inf"):
        raise UserError(f"width must be a positive number, not {width}")
    shape = {"in_channels": in_channels, "num_classes": num_classes, "image_size": image_size}
    if ":" in name:
        if activation != "relu":
            options["activation"] = activation
        if width != 1:
            options["width"] = width
        return _build_own(name, {**shape, "width": width}, options)
    if name not in _BUILDERS:
        raise UserError(f"unknown network {name!r}{_suggestion(name)}")
    if activation not in ACTIVATIONS:
        known = " or ".join(ACTIVATIONS)
        raise UserError(f"unknown activation {activation!r}: choose {known}")
    check_options(name, options)
    return _BUILDERS[name](**shape, width=width, activation=activation, **options)


def _suggestion(name: str) -> str:
    by_lower_case = {known.lower(): known for known in NAMES}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    if close:
        return f": did you mean {by_lower_case[close[0]]}?"
    return f": choose one of {', '.join(NAMES)}, or your own as module:callable"


def _build_own(name: str, offered: dict[str, Any], asked: dict[str, Any]) -> nn.Module:
    """Call the user's `module:callable` with what it takes of the offered and all that is asked."""
    builder = own_code.find("network", name)
    if isinstance(builder, nn.Module):
        raise UserError(
            f"network {name!r}: it is a network already; name a class or function that makes one"
        )
    arguments = {**own_code.accepted(builder, offered), **asked}
    own_code.check_takes(
        "network", name, builder, list(arguments), "; what else it needs is given as options"
    )
    network = own_code.call("network", name, builder, arguments, "it cannot be built")
    if not isinstance(network, nn.Module):
        raise UserError(
            f"network {name!r} must return a torch.nn.Module, not {type(network).__name__}"
        )
    _give_sizes(name, network, offered["in_channels"], offered["image_size"])
    if any(each.is_meta for each in (*network.parameters(), *network.buffers())):
        raise UserError(
            f"network {name!r}: its weights are on the device meta, which holds no numbers"
        )
    leave_inference(network)
    return network


def _give_sizes(name: str, network: nn.Module, channels: int, side: int) -> None:
    """Let lazy layers draw weights of the sizes that an image gives them."""
    if not any(map(is_lazy, (*network.parameters(), *network.buffers()))):
        return
    fails = (
        f"its lazy layers get no sizes from an image of {channels} channels and {side} x {side}"
        " pixels"
    )
    with evaluating(network):
        image = torch.zeros(1, channels, side, side)
        own_code.call("network", name, partial(network, image), {}, fails)
