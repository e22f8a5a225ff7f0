"""The first and the last layer of a network, by a pass of images."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from cnn_sensitivity.base.evaluating import given_to


class Layer(NamedTuple):
    """A layer's weight, by name, its groups, and what it is given for each channel of the images.

    `features` are channels of images, or the last dimension of vectors; None where it did not run.
    """

    weight: str
    groups: int
    features: Fraction | None = None


def ends(network: nn.Module, images: Tensor) -> tuple[Layer, Layer]:
    """Return the first and the last layer that run.

    Layers are modules with a weight of two dimensions or more and no module below but
    parametrisations. `images` [B, C, n, n] that the network does not take are shown in colour if
    they are grey. Where it does not take these either, what ran until then is told; where nothing
    can be told, as of TorchScript, the order in which the modules are registered.
    """
    layers = {
        each: Layer(f"{path}.{name}" if path else name, getattr(each, "groups", 1))
        for path, each in network.named_modules()
        if isinstance(each, ParametrizationList) or not any(True for _ in each.children())
        for name, weight in each.named_parameters(recurse=False)
        if weight.ndim > 1
    }
    called, ended = _pass(network, layers, images)
    if not ended and images.shape[1] == 1:
        in_colour, ended = _pass(network, layers, images.expand(-1, 3, -1, -1))
        called = in_colour if ended else called
    registered = [*layers.values()] or [Layer("", 1)]
    first = called[0] if called else registered[0]
    return first, called[-1] if ended and called else registered[-1]


def _pass(
    network: nn.Module, layers: Mapping[nn.Module, Layer], images: Tensor
) -> tuple[list[Layer], bool]:
    """Return the layers that images went through, in order, and whether they reached the end."""
    called: list[Layer] = []

    def note(module: nn.Module, given: tuple[Any, ...]) -> None:
        features = _features(given)
        share = None if features is None else Fraction(features, images.shape[1])
        called.append(layers[module]._replace(features=share))

    hooked = [each for each in layers if not isinstance(each, torch.jit.ScriptModule)]
    handles = [each.register_forward_pre_hook(note) for each in hooked]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            network.eval()(given_to(network, images))
    except (Exception, SystemExit):  # whatever it raises on images that are not for it
        return called, False
    finally:
        for handle in handles:
            handle.remove()
    return called, True


def _features(given: tuple[Any, ...]) -> int | None:
    first = given[0] if given else None
    if not isinstance(first, Tensor) or not first.ndim:
        return None
    return first.shape[1] if first.ndim == 4 else first.shape[-1]
