"""The network that is probed: which one, with its trained weights, and freshly initialised."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import torch
import torchvision
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import WeightFile
from cnn_sensitivity.config.limits import check_pretrained
from cnn_sensitivity.networks import (
    NAMES,
    build,
    state_dicts,
    weight_contents,
    weight_files,
    weight_names,
)
from cnn_sensitivity.probe.ends import ends
from cnn_sensitivity.probe.fresh import built_anew, drawn_anew
from cnn_sensitivity.probe.images import Images
from cnn_sensitivity.probe.outputs import choose_output

TORCHVISION = "torchvision:"
_GUESS = 10  # classes, where neither weights nor images tell


@dataclass(frozen=True)
class Subject:
    """A network with its trained weights, the images as it wants them, and how to make it anew.

    `fresh` raises UserError where it cannot be made anew. `notes` are sentences on what was found
    and chosen in the file of weights. `functions`: what it computes by functions has rows too; the
    registry's networks have those of the workflow. `label`, by default the name, tells it from
    others in tables.
    """

    name: str
    trained: nn.Module
    images: Images
    fresh: Callable[[], nn.Module]
    notes: Sequence[str] = ()
    functions: bool = False
    label: str = ""


def known_name(name: str) -> str:
    """Return a network's name as the registry spells it, whatever its case; others as they are."""
    return {known.lower(): known for known in NAMES}.get(name.lower(), name)


def wanted_images(name: str) -> Mapping[str, Any]:
    """Return size (pixels a side), mean and std of what a torchvision network was trained on.

    Nothing is known of other networks: {}. Raises UserError if torchvision has no such network.
    """
    if not name.startswith(TORCHVISION):
        return {}
    preset = _imagenet(name).transforms()
    return {"size": preset.crop_size[0], "mean": tuple(preset.mean), "std": tuple(preset.std)}


def find(
    name: str,
    images: Images,
    *,
    weights: str | Path | None = None,
    key: str | None = None,
    data_root: str | Path = "data",
    classes: int | None = None,
    width: float = 1.0,
    options: Mapping[str, Any] | None = None,
    output_key: str | None = None,
    seed: int = 0,
) -> Subject:
    """Return the network `name`, trained, for these images.

    `name` is one of the registry, in any case, `torchvision:NAME`, or `module:callable`, which is
    called as `networks.build` says, also with `options`, as torchvision's are too. `weights` is a
    file of trained weights; `key` says which in it are meant, where there are several
    (`weight_names.fitting`). Without it torchvision brings ImageNet's (from
    `data_root`/checkpoints, or downloaded there), and a callable's network is measured as it is
    returned. The numbers of classes and of input
    channels are those of the weights, or else of the images; grey images are repeated over three
    channels for weights that take three. Fresh weights follow from `seed`. Raises UserError for a
    network of the registry without weights, weights or images that do not fit, and what
    `networks.build` refuses. `output_key` is that of `choose_output`.
    """
    name = known_name(name)
    if classes is not None and classes < 1:
        raise UserError(f"--classes must be at least 1, not {classes}")
    if name in NAMES and weights is None:
        raise UserError(f"{name} needs --weights FILE, the file of its trained weights")
    if name.startswith(TORCHVISION):
        check_pretrained(name.removeprefix(TORCHVISION))
        if width != 1:
            raise UserError(f"--width: {name} has one width only")
        weights = _imagenet_file(name, data_root) if weights is None else weights
        make: Callable[..., nn.Module] = partial(_torchvision, name, _free(options or {}))
    else:
        side = images.pixels.shape[-1]
        make = partial(build, name, image_size=side, width=width, **_free(options or {}))
    shape = {
        "in_channels": images.pixels.shape[1],
        "num_classes": classes or images.classes or _GUESS,
    }
    if weights is None and key is not None:
        raise UserError("--key: it needs --weights, the file in which it chooses")

    def build_it(drawn: int) -> nn.Module:
        network = _seeded(make, drawn, **shape)
        choose_output(network, output_key)
        return network

    built = build_it(derive_seed("probe", name, seed))
    if weights is None:
        fresh = partial(drawn_anew, name, built, seed)
        return Subject(name, built, images, fresh, functions=True)
    template = built.state_dict()
    found = weight_contents.contents(weights)
    tensors, notes = weight_names.fitting(found, template, str(weights), key)
    if name.startswith(TORCHVISION):
        belonging, more = _arguments_of(name, Path(weights), tensors)
        make, notes = partial(make, belonging=belonging), notes + more
    shown = images.in_colour() if name.startswith(TORCHVISION) else images
    first, last = ends(built, shown.normalized()[:2])
    if classes is None:
        shape["num_classes"] = _outputs(tensors, template, last[0]) or shape["num_classes"]
    channels = _inputs(tensors, *first) or shape["in_channels"]
    if channels == 3:
        images = images.in_colour()
    shape["in_channels"] = images.pixels.shape[1]
    if channels != shape["in_channels"]:
        raise UserError(
            f"{weights}: its first layer takes {channels} channels, and the images of"
            f" {images.title} have {shape['in_channels']}"
        )
    trained = build_it(derive_seed("probe", name, seed))
    notes += state_dicts.load(trained, tensors, str(weights)).notes(str(weights))

    def fresh_network() -> nn.Module:
        if name in NAMES:  # whose weights follow from the seed
            return build_it(derive_seed("probe", name, seed))
        try:
            return built_anew(name, build_it, seed)
        except UserError as built_problem:
            try:
                return drawn_anew(name, trained, seed)
            except UserError as drawn_problem:
                raise UserError(f"{built_problem}; {drawn_problem}") from drawn_problem

    return Subject(name, trained, images, fresh_network, notes, name not in NAMES)


def _seeded(make: Callable[..., nn.Module], seed: int, **arguments: Any) -> nn.Module:
    """Return a network whose initial weights follow from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(**arguments)


def _inputs(tensors: Mapping[str, Tensor], first: str, groups: int) -> int | None:
    """Return how many channels the weights' first layer takes, if that is a convolution."""
    if first in tensors and tensors[first].ndim == 4:
        return tensors[first].shape[1] * groups
    return None


def _outputs(
    tensors: Mapping[str, Tensor], template: Mapping[str, Tensor], last: str
) -> int | None:
    """Return how many scores the weights' last layer gives, also where it has another name."""
    others = [name for name in tensors if name not in template and tensors[name].ndim > 1]
    name = last if last in tensors else others[0] if len(others) == 1 else None
    return None if name is None else tensors[name].shape[0]


def _free(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options of a network; raise UserError for those that have another place."""
    if taken := sorted(
        {"name", "in_channels", "num_classes", "image_size", "width"} & set(options)
    ):
        raise UserError(
            f"--option {taken[0]}: it follows from the images, the weights, --classes and --width"
        )
    return options


def _imagenet(name: str) -> Any:
    """Return torchvision's entry for the ImageNet weights of a network."""
    check_pretrained(name.removeprefix(TORCHVISION))
    entries = torchvision.models.get_model_weights(name.removeprefix(TORCHVISION))
    return entries.__members__["IMAGENET1K_V1"]


def _imagenet_file(name: str, data_root: str | Path) -> Path:
    file = WeightFile(url=_imagenet(name).url, sha256=_published_digest(name))
    return weight_files.find(file, data_root)


def _published_digest(name: str) -> str:
    """Return how the SHA-256 of torchvision's ImageNet weights of a network begins."""
    found: str = re.findall(r"-([0-9a-f]{8,64})\.", _imagenet(name).url)[0]
    return found


def _torchvision(
    name: str,
    options: Mapping[str, Any],
    in_channels: int,
    num_classes: int,
    belonging: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Return a torchvision network with fresh weights; its input channels are always three.

    `options` go before what is `belonging` to weights.
    """
    arguments = {**(belonging or {}), **options, "num_classes": num_classes}
    if (first := _takes(name).get("init_weights")) and first.default is None:
        arguments.setdefault("init_weights", True)  # the default, which warns unless it is given
    try:
        network = torchvision.models.get_model(name.removeprefix(TORCHVISION), **arguments)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise UserError(f"--option: {name} cannot be built with {given} ({error})") from error
    assert isinstance(network, nn.Module)
    return network


def _takes(name: str) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of the class of a torchvision network."""
    builder = torchvision.models.get_model_builder(name.removeprefix(TORCHVISION))
    return inspect.signature(get_type_hints(builder)["return"]).parameters


def _arguments_of(
    name: str, file: Path, tensors: Mapping[str, Tensor]
) -> tuple[dict[str, bool], list[str]]:
    """Return the arguments that weights of a torchvision network want, and what to say of them.

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
