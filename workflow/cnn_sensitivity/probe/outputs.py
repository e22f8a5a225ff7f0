"""The tensor among what a network returns: of a dict, a tuple, a dataclass, also nested."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError


def choose_output(network: nn.Module, key: str | None) -> None:
    """Make a network return the tensor that `key` names: "logits", "0", or nested, "heads.0".

    Without a key the only one, or what it returns if that is a tensor. Copies of the network do the
    same. When the network runs, UserError is raised with the keys that there are if the key names
    none of them, if there are several and no key, and if the tensor is not of scores.
    """
    if isinstance(network, torch.jit.ScriptModule):  # takes no hooks
        if key is not None:
            raise UserError("--output-key: what a TorchScript network returns cannot be chosen")
        return

    if not any(isinstance(each, _Pick) for each in network._forward_hooks.values()):
        network.register_forward_hook(_Pick(key))


@dataclasses.dataclass(frozen=True)
class _Pick:
    key: str | None

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> Tensor:
        picked = _picked(output, self.key)
        if picked.layout != torch.strided or not picked.is_floating_point():
            what = "sparse" if picked.layout != torch.strided else str(picked.dtype)
        elif picked.ndim < 1 or not picked.numel():
            what = f"of shape {list(picked.shape)}"
        else:
            return picked
        raise UserError(f"the tensor that the network returns is {what}; floats are wanted, scores")


def _picked(output: Any, key: str | None) -> Tensor:
    if isinstance(output, Tensor) and key is None:
        return output
    found = dict(_tensors(output, ""))
    if key is None and len(found) == 1:
        return next(iter(found.values()))
    if key in found:
        return found[key]
    what = type(output).__name__
    if not found or isinstance(output, Tensor):
        there = f"the network returns {'one' if found else 'no'} tensor ({what})"
        raise UserError(there if key is None else f"--output-key {key}: {there}")
    choice = f"a {what} with {', '.join(found)}"
    raise UserError(
        f"the network returns {choice}: --output-key chooses"
        if key is None
        else f"--output-key {key}: the network returns {choice}"
    )


def _tensors(output: Any, path: str) -> list[tuple[str, Tensor]]:
    """Return the tensors in an output, by their keys, joined by dots."""
    if isinstance(output, Tensor):
        return [(path, output)]
    items: Mapping[Any, Any]
    if isinstance(output, Mapping):
        items = output
    elif hasattr(output, "_fields"):  # a named tuple
        items = output._asdict()
    elif isinstance(output, list | tuple):
        items = dict(enumerate(output))
    elif dataclasses.is_dataclass(output):
        items = {each.name: getattr(output, each.name) for each in dataclasses.fields(output)}
    else:
        items = vars(output) if hasattr(output, "__dict__") else {}
    joined = {f"{path}.{key}" if path else str(key): each for key, each in items.items()}
    return [found for key, each in joined.items() for found in _tensors(each, key)]
