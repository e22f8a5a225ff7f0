"""The first and the last layer of a network, by a pass of images."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList

from cnn_sensitivity.base.evaluating import given_to


def ends(network: nn.Module, images: Tensor) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return the weights of the first and of the last layer that run, by name, and their groups.

    Layers are modules with a weight of two dimensions or more and no module below but
    parametrisations. `images` [B, C, n, n] may have other channels than the network takes: what ran
    until then is told. Where nothing can be told, by the order in which the modules are registered.
    """
    layers = {
        each: (f"{path}.{name}" if path else name, getattr(each, "groups", 1))
        for path, each in network.named_modules()
        if isinstance(each, ParametrizationList) or not any(True for _ in each.children())
        for name, weight in each.named_parameters(recurse=False)
        if weight.ndim > 1
    }
    called: list[tuple[str, int]] = []

    def note(module: nn.Module, _: Any) -> None:
        called.append(layers[module])

    handles = [each.register_forward_pre_hook(note) for each in layers]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            network.eval()(given_to(network, images))
    except Exception:  # whatever it raises on images that are not for it
        called = called[:1]
    finally:
        for handle in handles:
            handle.remove()
    registered = [*layers.values()] or [("", 1)]
    first = called[0] if called else registered[0]
    return first, called[-1] if len(called) > 1 else registered[-1]
