"""The network that is probed: which one, with its trained weights, and freshly initialised."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.networks import NAMES, build, state_dicts, weight_contents, weight_names
from cnn_sensitivity.probe import timm_networks, torchvision_networks
from cnn_sensitivity.probe.ends import Layer, ends
from cnn_sensitivity.probe.fresh import built_anew, drawn_anew
from cnn_sensitivity.probe.images import Images
from cnn_sensitivity.probe.outputs import choose_output

_GUESS = 10  # classes, where neither weights nor images tell
_TORCHVISION, _TIMM = torchvision_networks.PREFIX, timm_networks.PREFIX

Make = Callable[..., nn.Module]
"""Builds a network of in_channels and num_classes, with weights of torch's generator."""


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

    @property
    def title(self) -> str:
        """What it is called in tables and sentences."""
        return self.label or self.name


def known_name(name: str) -> str:
    """Return a network's name as the registry spells it, whatever its case; others as they are."""
    return {known.lower(): known for known in NAMES}.get(name.lower(), name)


def wanted_images(name: str) -> Mapping[str, Any]:
    """Return size (pixels a side), mean and std of what a library's network was trained on.

    Nothing is known of other networks: {}. Raises UserError if the library has no such network.
    """
    for library in (torchvision_networks, timm_networks):
        if name.startswith(library.PREFIX):
            return library.wanted_images(name)
    return {}


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

    `name` is one of the registry, in any case, `torchvision:NAME`, `timm:NAME`, or
    `module:callable`, which is called as `networks.build` says, also with `options`, as those of
    the libraries are too. `weights` is a file of trained weights; `key` says which in it are meant,
    where there are several (`weight_names.fitting`). Without it torchvision brings ImageNet's (from
    `data_root`/checkpoints, or downloaded there) and timm its own, unless its option `pretrained`
    is false; a callable's network is measured as it is returned. The numbers of classes and of
    input channels are those of the weights, or else of the images; grey images are repeated over
    three channels for weights, or a callable's network, that take three. Fresh weights follow from
    `seed`. `output_key` is that of `choose_output`.

    Raises UserError for a network of the registry without weights, weights, images or `classes`
    that do not fit, a library or its weights that are not there, and what `networks.build` refuses.
    """
    name, options = known_name(name), dict(options or {})
    _check(name, weights, key, classes, width, options)
    loads = name.startswith(_TIMM) and _takes_timms_weights(options, weights)
    if name.startswith(_TORCHVISION) and weights is None:
        weights = torchvision_networks.file(name, data_root)
    make = _finished(_maker(name, options, images.pixels.shape[-1], width), output_key)
    if loads:
        return _with_timms_weights(name, make, options, images, classes, output_key, seed)
    if name.startswith(_TIMM) and weights is None:
        images = _in_channels(images, timm_networks.channels(name), name)
    shape = {
        "in_channels": images.pixels.shape[1],
        "num_classes": classes or images.classes or _GUESS,
    }
    if weights is not None:
        return _with_weights(name, make, shape, images, Path(weights), key, classes, seed)
    built = _seeded(make, derive_seed("probe", name, seed), **shape)
    first, last = ends(built, images.normalized()[:2])
    state = built.state_dict()
    images = _in_channels(images, _inputs(state, first) or shape["in_channels"], name)
    if classes and (given := _outputs(state, state, last.weight) or classes) != classes:
        raise UserError(f"--classes {classes}: {name} gives {given} scores, whatever is asked")
    if name.startswith(_TIMM):  # whose modules do not draw all that they hold, but which never load
        fresh = partial(_anew, name, partial(_seeded, make, **shape), built, seed)
    else:
        fresh = partial(drawn_anew, name, built, seed)
    return Subject(name, built, images, fresh, functions=True)


def _check(
    name: str,
    weights: str | Path | None,
    key: str | None,
    classes: int | None,
    width: float,
    options: Mapping[str, Any],
) -> None:
    if classes is not None and classes < 1:
        raise UserError(f"--classes must be at least 1, not {classes}")
    if name in NAMES and weights is None:
        raise UserError(f"{name} needs --weights FILE, the file of its trained weights")
    if width != 1 and name.startswith((_TORCHVISION, _TIMM)):
        raise UserError(f"--width: {name} has one width only")
    if weights is None and key is not None and not name.startswith(_TORCHVISION):
        raise UserError("--key: it needs --weights, the file in which it chooses")
    elsewhere = {"name", "in_channels", "num_classes", "image_size", "width"}
    if name.startswith(_TIMM):
        elsewhere.add("in_chans")
    if taken := sorted(elsewhere & set(options)):
        raise UserError(
            f"--option {taken[0]}: it follows from the images, the weights, --classes and --width"
        )


def _takes_timms_weights(options: dict[str, Any], weights: str | Path | None) -> bool:
    """Take `pretrained` out of the options; return whether timm is to bring the weights."""
    loads = options.pop("pretrained", weights is None)
    if loads not in (True, False):  # 1 and 0 are these too
        raise UserError(f"--option pretrained must be true or false, not {loads}")
    if loads and weights is not None:
        raise UserError("--option pretrained=true: the weights are those of --weights")
    return bool(loads)


def _maker(name: str, options: Mapping[str, Any], side: int, width: float) -> Make:
    if name.startswith(_TORCHVISION):
        torchvision_networks.wanted_images(name)  # raises if there is no such network
        return partial(torchvision_networks.make, name, options)
    if name.startswith(_TIMM):
        return partial(timm_networks.make, name, options)
    return partial(build, name, image_size=side, width=width, **options)


def _finished(make: Make, output_key: str | None) -> Make:
    """Return what makes the same networks, which return the tensor of `output_key`."""

    def finished(**arguments: Any) -> nn.Module:
        network = make(**arguments)
        choose_output(network, output_key)
        return network

    return finished


def _seeded(make: Make, seed: int, **arguments: Any) -> nn.Module:
    """Return a network whose initial weights follow from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(**arguments)


def _with_timms_weights(
    name: str,
    make: Make,
    options: Mapping[str, Any],
    images: Images,
    classes: int | None,
    output_key: str | None,
    seed: int,
) -> Subject:
    """Return a network with the weights that timm brings."""
    given = timm_networks.classes(name)
    if classes not in (None, given):
        raise UserError(f"--classes {classes}: timm's weights of {name} have {given}")
    shape = {"in_channels": timm_networks.channels(name), "num_classes": given}
    images = _in_channels(images, shape["in_channels"], name)
    trained = timm_networks.pretrained(name, options)
    choose_output(trained, output_key)
    fresh = partial(_anew, name, partial(_seeded, make, **shape), trained, seed)
    return Subject(name, trained, images, fresh, functions=True)


def _with_weights(
    name: str,
    make: Make,
    shape: dict[str, int],
    images: Images,
    file: Path,
    key: str | None,
    classes: int | None,
    seed: int,
) -> Subject:
    """Return a network with the weights of a file, of as many classes and channels as these."""
    drawn = derive_seed("probe", name, seed)
    built = _seeded(make, drawn, **shape)
    template = built.state_dict()
    tensors, notes = weight_names.fitting(weight_contents.contents(file), template, str(file), key)
    if name.startswith(_TORCHVISION):
        belonging, more = torchvision_networks.arguments_of(name, file, tensors)
        make, notes = partial(make, belonging=belonging), notes + more
    first, last = ends(built, images.normalized()[:2])
    if classes is None:
        shape["num_classes"] = _outputs(tensors, template, last.weight) or shape["num_classes"]
    channels = _inputs(tensors, first) or shape["in_channels"]
    images = _in_channels(images, channels, str(file))
    shape["in_channels"] = channels
    trained = _seeded(make, drawn, **shape)
    notes += state_dicts.load(trained, tensors, str(file)).notes(str(file))
    again = partial(_seeded, make, **shape)
    # The weights of the registry's networks follow from the seed.
    fresh = partial(again, drawn) if name in NAMES else partial(_anew, name, again, trained, seed)
    return Subject(name, trained, images, fresh, notes, name not in NAMES)


def _anew(name: str, make: Callable[[int], nn.Module], trained: nn.Module, seed: int) -> nn.Module:
    """Return a network that is built anew, or where that loads weights, with them drawn anew."""
    try:
        return built_anew(name, make, seed)
    except UserError as built_problem:
        try:
            return drawn_anew(name, trained, seed)
        except UserError as drawn_problem:
            raise UserError(f"{built_problem}; {drawn_problem}") from drawn_problem


def _in_channels(images: Images, channels: int, origin: str) -> Images:
    """Return images of as many channels: grey ones in colour. Raises UserError for others."""
    if channels == 3:
        images = images.in_colour()
    there = images.pixels.shape[1]
    if channels != there:
        raise UserError(
            f"{origin}: its first layer takes {channels} channels, and the images of"
            f" {images.title} have {there}"
        )
    return images


def _inputs(tensors: Mapping[str, Tensor], first: Layer) -> int | None:
    """Return the channels of images that the weights want; None where nothing can be told.

    The first layer may see pixels beside each other as features: space to depth, patches, all.
    """
    weight = tensors.get(first.weight)
    if weight is None or weight.ndim not in (2, 4):
        return None
    wanted = weight.shape[1] * first.groups
    if first.features is None:
        return wanted if weight.ndim == 4 else None
    channels = wanted / first.features
    # Vectors of all pixels differ with the size of images too: grey or colour is all they tell.
    told = channels.denominator == 1 and (weight.ndim == 4 or channels in (1, 3))
    return channels.numerator if told else None


def _outputs(
    tensors: Mapping[str, Tensor], template: Mapping[str, Tensor], last: str
) -> int | None:
    """Return how many scores the weights' last layer gives, also where it has another name."""
    others = [name for name in tensors if name not in template and tensors[name].ndim > 1]
    name = last if last in tensors else others[0] if len(others) == 1 else None
    return None if name is None else tensors[name].shape[0]
