"""The copy of a network whose convolutions see their input channels in a random order."""

from collections import Counter
from typing import Any

import torch
from torch import nn

from cnn_sensitivity.base.copying import copied
from cnn_sensitivity.base.seeds import derive_seed

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def shuffle_channels(network: nn.Module, *identity: str | int) -> nn.Module:
    """Return a copy in which every convolution's input channels are permuted at random.

    The first convolution is included; biases, norms and linear layers stay, as do the names, types
    and order of the modules. A layer's permutation is drawn uniformly from the seed of `identity`,
    which names the network and the draw, and of the layer's name: it depends on no other layer, and
    two networks share none. Of few channels some come out in their old order. The copy's filters
    are no longer the trained ones in their trained places: measure it, do not train or save it.
    Source: T22 [text, code]. Raises UserError for a network that cannot be copied.
    """
    shuffled = copied(network)
    found = {n: m for n, m in shuffled.named_modules() if isinstance(m, _CONVOLUTIONS)}
    users = Counter(id(each._parameters.get("weight")) for each in found.values())
    for name, module in found.items():
        generator = torch.Generator().manual_seed(derive_seed(*identity, name))
        permutation = torch.randperm(module.in_channels, generator=generator)
        if _holds_its_filters(module) and users[id(module.weight)] == 1:
            _permute_filters(module, permutation)
        else:
            _permute_inputs(module, permutation)
    return shuffled


def has_convolutions(network: nn.Module) -> bool:
    """Return whether a network has channels that a shuffle permutes."""
    return any(isinstance(module, _CONVOLUTIONS) for module in network.modules())


def _holds_its_filters(convolution: nn.Module) -> bool:
    """Return whether what is written into `weight` is what the inputs are convolved with.

    Not so where the weight is computed at each call (weight norm, pruning, parametrisations), where
    a subclass makes something else of it, or where a group's filters see some inputs only.
    """
    kind = next(each for each in _CONVOLUTIONS if isinstance(convolution, each))
    for name in ("forward", "_conv_forward"):
        own = getattr(type(convolution), name) is not getattr(kind, name)
        if own or name in vars(convolution):
            return False
    return convolution._parameters.get("weight") is not None and bool(convolution.groups == 1)


def _permute_filters(convolution: Any, permutation: torch.Tensor) -> None:
    """Make `convolution`(x) what it was for x[:, permutation], in its filters."""
    with torch.no_grad():
        order = torch.argsort(permutation).to(convolution.weight.device)
        convolution.weight.copy_(convolution.weight[:, order])


def _permute_inputs(convolution: Any, permutation: torch.Tensor) -> None:
    """Make `convolution`(x) what it was for x[:, permutation], in what it is given."""
    permutation = permutation.to(convolution.weight.device)
    convolution.register_buffer("input_permutation", permutation, persistent=False)
    convolution.register_forward_pre_hook(_take_permuted)


def _take_permuted(convolution: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (inputs[0][:, convolution.input_permutation],)
