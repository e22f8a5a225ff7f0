"""What a network computes by functions where shuffling and fresh statistics reach modules only."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode

from cnn_sensitivity.base.evaluating import evaluating, given_to

_REACHED: dict[str, type[nn.Module]] = {
    "conv1d": _ConvNd,
    "conv2d": _ConvNd,
    "conv3d": _ConvNd,
    "batch_norm": _BatchNorm,
}


class _Outside(TorchFunctionMode):
    """Counts calls of convolutions and batch norms that no module of these kinds makes."""

    def __init__(self) -> None:
        super().__init__()
        self.calling: list[nn.Module] = []
        self.met: Counter[type[nn.Module]] = Counter()

    def enter(self, module: nn.Module, _: Any) -> None:
        self.calling.append(module)

    def leave(self, *_: Any) -> None:
        self.calling.pop()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kind = _REACHED.get(getattr(func, "__name__", ""))
        if kind is not None and not any(isinstance(each, kind) for each in self.calling):
            self.met[kind] += 1
        return func(*args, **(kwargs or {}))


def unreached(network: nn.Module, images: Tensor) -> list[str]:
    """Return a sentence on convolutions and on batch norms that are functions, where there are.

    `images` are passed once. Of TorchScript nothing is known.
    """
    if isinstance(network, torch.jit.ScriptModule):
        return []
    outside, handles = _Outside(), []
    for module in network.modules():
        if not isinstance(module, torch.jit.ScriptModule):
            handles.append(module.register_forward_pre_hook(outside.enter))
            handles.append(module.register_forward_hook(outside.leave))
    try:
        with evaluating(network), outside:
            network(given_to(network, images))
    finally:
        for handle in handles:
            handle.remove()
    sentences = {
        _ConvNd: "{} of its convolutions are functions, not modules: they are not shuffled",
        _BatchNorm: "{} of its batch norms are functions, not modules: the fresh network's keep"
        " their running statistics",
    }
    return [sentences[kind].format(count) for kind, count in outside.met.items()]
