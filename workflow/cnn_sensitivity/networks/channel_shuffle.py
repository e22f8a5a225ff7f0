"""The copy of a network whose convolutions see their input channels in a random order."""

import copy
from typing import Any

import torch
from torch import nn

from cnn_sensitivity.base.seeds import derive_seed

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def shuffle_channels(network: nn.Module, *identity: str | int) -> nn.Module:
    """Return a copy in which every convolution's input channels are permuted at random.

    The first convolution is included; biases, norms and linear layers stay, as do the names, types
    and order of the modules. A layer's permutation is drawn uniformly from the seed of `identity`,
    which names the network and the draw, and of the layer's name: it depends on no other layer, and
    two networks share none. Of few channels some come out in their old order. The copy's filters
    are no longer the trained ones in their trained places: measure it, do not train or save it.
    Source: T22 [text, code].
    """
    shuffled = copy.deepcopy(network)
    for name, module in shuffled.named_modules():
        if isinstance(module, _CONVOLUTIONS):
            generator = torch.Generator().manual_seed(derive_seed(*identity, name))
            _permute_inputs(module, torch.randperm(module.in_channels, generator=generator))
    return shuffled


def has_convolutions(network: nn.Module) -> bool:
    """Return whether a network has channels that a shuffle permutes."""
    return any(isinstance(module, _CONVOLUTIONS) for module in network.modules())


def _permute_inputs(
    convolution: nn.Conv1d | nn.Conv2d | nn.Conv3d, permutation: torch.Tensor
) -> None:
    """Make `convolution`(x) what it was for x[:, permutation]."""
    permutation = permutation.to(convolution.weight.device)
    if convolution.groups == 1:
        with torch.no_grad():
            convolution.weight.copy_(convolution.weight[:, torch.argsort(permutation)])
    else:  # the weight of a grouped convolution cannot express that an input changes its group
        convolution.register_buffer("input_permutation", permutation, persistent=False)
        convolution.register_forward_pre_hook(_take_permuted)


def _take_permuted(convolution: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (inputs[0][:, convolution.input_permutation],)
