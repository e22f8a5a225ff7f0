"""Copies of any network: also of those that hold what Python cannot copy."""

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError, in_one_line

_WALKED = ("_parameters", "_buffers", "_modules")


def copied(network: nn.Module, instead: Mapping[int, Any] | None = None) -> nn.Module:
    """Return a deep copy of a network, outside inference mode.

    `instead` maps the ids of objects to what stands for them in the copy. A tensor that was
    computed from others, as a weight under weight norm or pruning is, and one made in inference
    mode are copied by value. What cannot be copied, such as a lock or a file, is shared. Raises
    UserError for a network that cannot be copied even so.
    """
    tensors = (*network.parameters(), *network.buffers())
    by_value = {id(each): usual(each) for each in tensors if each.is_inference()}
    try:
        return copy.deepcopy(network, {**by_value, **(instead or {})})
    except Exception:  # whatever an object of the user's own raises
        attributes = [
            value
            for module in network.modules()
            for name, value in vars(module).items()
            if name not in _WALKED
        ]
        kept = {id(each): _or_itself(each) for each in (*attributes, *network.buffers())}
    try:
        return copy.deepcopy(network, {**kept, **by_value, **(instead or {})})
    except Exception as error:
        problem = in_one_line(error)
        raise UserError(f"the network cannot be copied ({problem})") from error


def usual(tensor: Tensor) -> Tensor:
    """Return a tensor that can be changed: one that was made in inference mode by value."""
    if not tensor.is_inference():
        return tensor
    value = tensor.detach().clone()
    parameter = isinstance(tensor, nn.Parameter)
    return nn.Parameter(value, tensor.requires_grad) if parameter else value


def leave_inference(network: nn.Module) -> None:
    """Make the tensors of a network that was made in inference mode usual ones, in place."""
    tensors = (*network.parameters(), *network.buffers())
    replaced = {id(each): usual(each) for each in tensors if each.is_inference()}
    for module in network.modules() if replaced else ():
        held: Any
        for held in (module._parameters, module._buffers):
            for name, tensor in held.items():
                held[name] = replaced.get(id(tensor), tensor)


def _or_itself(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
