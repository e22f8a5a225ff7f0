"""Networks of torchvision: how they are built, their published weights, and what these want."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import torchvision
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import WeightFile
from cnn_sensitivity.config.limits import check_pretrained
from cnn_sensitivity.networks import weight_files

PREFIX = "torchvision:"


def wanted_images(name: str) -> dict[str, Any]:
    """Return size (pixels a side), mean and std of what a network was trained on.

    Raises UserError if torchvision has no such network.
    """
    preset = _imagenet(name).transforms()
    return {"size": preset.crop_size[0], "mean": tuple(preset.mean), "std": tuple(preset.std)}


def file(name: str, data_root: str | Path) -> Path:
    """Return the file of ImageNet's weights, in `data_root`/checkpoints, or downloaded there.

    Raises UserError if it cannot be had.
    """
    published = WeightFile(url=_imagenet(name).url, sha256=_published_digest(name))
    return weight_files.find(published, data_root)


def make(
    name: str,
    options: Mapping[str, Any],
    in_channels: int,
    num_classes: int,
    belonging: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Return a network with fresh weights; its input channels are always three.

    `options` go before what is `belonging` to weights. Raises UserError for options that it has
    not.
    """
    arguments = {**(belonging or {}), **options, "num_classes": num_classes}
    if (first := _takes(name).get("init_weights")) and first.default is None:
        arguments.setdefault("init_weights", True)  # the default, which warns unless it is given
    try:
        network = torchvision.models.get_model(name.removeprefix(PREFIX), **arguments)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise UserError(f"--option: {name} cannot be built with {given} ({error})") from error
    assert isinstance(network, nn.Module)
    return network


def arguments_of(
    name: str, file: Path, tensors: Mapping[str, Tensor]
) -> tuple[dict[str, bool], list[str]]:
    """Return the arguments that weights of a network want, and what to say of them.

    A network with `transform_input` was trained for ImageNet on images between -1 and 1, as other
    weights may have been or not; its auxiliary heads, which no evaluation runs, may be left out.
    """
    takes, arguments, notes = _takes(name), {}, []
    if "aux_logits" in takes:
        arguments["aux_logits"] = any(each.lower().startswith("aux") for each in tensors)
    if "transform_input" in takes:
        published = weight_files.digest(file).startswith(_published_digest(name))
        arguments["transform_input"] = published
        if not published:
            notes.append(
                f"{file}: not the file of torchvision's weights; those, also where they were tuned"
                f" further, want --option transform_input=1"
            )
    return arguments, notes


def _imagenet(name: str) -> Any:
    """Return torchvision's entry for the ImageNet weights of a network."""
    check_pretrained(name.removeprefix(PREFIX))
    entries = torchvision.models.get_model_weights(name.removeprefix(PREFIX))
    return entries.__members__["IMAGENET1K_V1"]


def _published_digest(name: str) -> str:
    """Return how the SHA-256 of torchvision's ImageNet weights of a network begins."""
    found: str = re.findall(r"-([0-9a-f]{8,64})\.", _imagenet(name).url)[0]
    return found


def _takes(name: str) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of the class of a network."""
    builder = torchvision.models.get_model_builder(name.removeprefix(PREFIX))
    return inspect.signature(get_type_hints(builder)["return"]).parameters
