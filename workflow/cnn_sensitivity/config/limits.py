"""What the known networks can take: asked before a run begins, and where a network is built."""

from collections.abc import Mapping
from math import ceil

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.base import suggestion
from cnn_sensitivity.config.networks import NETWORKS, PRETRAINED, Architecture

ONE_DIMENSIONAL = "SimpleCNN1D"
# R18's networks, which differ in what halves the image after each of their blocks.
DOWNSAMPLING = ("MaxPoolCNN", "AveragePoolCNN", "SubsampleCNN", "StridedCNN", "StridedReLUCNN")
_NUMBER: tuple[str, ...] = ()
_NTK: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hidden_units", "hidden_layers", "steepness"), _NUMBER),
    "shape": ("relu", "softplus", "swish"),
    "bias": ("normal", "none"),
    "output_scale": ("h", "sqrt_h"),
}
_SHORTCUT: dict[str, tuple[str, ...]] = {"shortcut": ("pad", "projection")}
OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    ONE_DIMENSIONAL: dict.fromkeys(("blocks", "channels", "filter_size", "stride"), _NUMBER),
    "NTKFullConn": _NTK,
    **dict.fromkeys(DOWNSAMPLING, {"blocks": _NUMBER}),
    **dict.fromkeys(("ResNet20", "ResNet32", "ResNet44", "ResNet56", "ResNet110"), _SHORTCUT),
}
"""The options of each network, and the words of which one is its value; without words, a number."""
SMALLEST_IMAGE = {"LeNet": 16}
OWN_ACTIVATION = {"EfficientNetB0": "SiLU", "NTKFullConn": "option shape"}


def at_point(network: Architecture, axes: Mapping[str, float | int | None]) -> Architecture:
    """Return a network with the options that are axes of its grid, at a point of this."""
    options = {name: axes[name] for name in OPTIONS.get(network.name, {}) if name in axes}
    return network.model_copy(update={"options": {**network.options, **options}})


def check_network(network: Architecture, dimensions: int, size: int | None) -> None:
    """Raise UserError if a known network cannot be built for inputs of `size` pixels a side.

    The size is None where it is not known yet. What a user's own network takes is not known.
    """
    name = network.name
    if name not in NETWORKS:
        return
    if (name == ONE_DIMENSIONAL) != (dimensions == 1):
        takes, here = ("lines", "images") if name == ONE_DIMENSIONAL else ("images", "lines")
        raise UserError(f"{name} takes {takes} of pixels, and those here are {here}")
    if dimensions == 0 and "FullConn" not in name:
        raise UserError(f"{name} takes images, and those here are points; take NTKFullConn")
    check_options(name, network.options)
    check_activation(name, network.activation)
    if name in DOWNSAMPLING:
        check_halvings(size, **{key: network.number(key) for key in network.options})
    if size is None:
        return
    check_size(name, size)
    if name == ONE_DIMENSIONAL:
        geometry = {key: network.number(key) for key in network.options.keys() - {"channels"}}
        check_blocks(size, **geometry)


def check_pretrained(name: str) -> None:
    """Raise UserError if torchvision has no network of this name with weights of ImageNet alone."""
    if name not in PRETRAINED:
        raise UserError(
            f"torchvision has no network {name!r} with weights of ImageNet alone"
            f"{suggestion(name, PRETRAINED)}"
        )


def check_options(name: str, options: Mapping[str, int | str]) -> None:
    """Raise UserError if a known network has no such option, or the option no such value."""
    known = OPTIONS.get(name, {})
    for option, value in options.items():
        if option not in known:
            raise UserError(
                f"network {name} has no option {option!r}"
                + (suggestion(option, known) if known else "; it takes none")
            )
        words = known[option]
        if value not in words if words else isinstance(value, str):
            right = " or ".join(words) or "a whole number"
            raise UserError(f"option {option} of {name} must be {right}, not {value!r}")


def check_activation(name: str, activation: str) -> None:
    """Raise UserError if a known network has its own activation and another is asked for."""
    if name in OWN_ACTIVATION and activation != "relu":
        raise UserError(
            f"{name} has its own activation ({OWN_ACTIVATION[name]}):"
            f" leave out activation {activation!r}"
        )


def check_size(name: str, size: int) -> None:
    """Raise UserError if nothing of so small an image is left after a network's poolings."""
    least = SMALLEST_IMAGE.get(name, 1)
    if size < least:
        raise UserError(f"{name} needs images of at least {least} pixels a side, not {size}")


def check_halvings(size: int | None, blocks: int = 4) -> None:
    """Raise UserError if R18's networks have no such blocks, or halve an image to nothing."""
    if blocks not in (4, 5):
        raise UserError(f"blocks must be 4, as for CIFAR-10, or 5, as for ImageNet, not {blocks}")
    if size is not None and size < 2**blocks:
        raise UserError(
            f"{blocks} blocks, each of which halves the image, need at least {2**blocks} pixels"
            f" a side, not {size}"
        )


def check_blocks(size: int, blocks: int = 7, filter_size: int = 2, stride: int = 2) -> None:
    """Raise UserError if SimpleCNN1D cannot have such blocks on a signal of so many pixels."""
    if filter_size < stride:
        raise UserError(
            f"SimpleCNN1D: filter_size {filter_size} is smaller than stride {stride},"
            " so that pixels between the filters would be lost"
        )
    length, right = size, ceil((filter_size - stride) / 2)
    # After as many blocks as pixels none is left, or, without stride, nothing changes.
    for index in range(1, min(blocks, size) + 1):
        if length < max(stride, right):
            raise UserError(
                f"SimpleCNN1D: a signal of {size} pixels has only {length} left before block"
                f" {index}, too few for filter_size {filter_size} and stride {stride}"
            )
        length //= stride
