"""What a network computes by functions: activations, attention and sums of residual branches.

A module's output is met by a hook. That of a function is met here, while images pass, and named by
the module that calls it: `layer1.0.relu` is the first `torch.relu` of `layer1.0`, of whichever
spelling (`functional.relu`, `x.relu_()`), and `layer1.0.relu:1` the second.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import activation
from torch.overrides import TorchFunctionMode

from cnn_sensitivity.measures.layer_choice import ATTENTION, SUM

Report = Callable[[str, str, Tensor, tuple[Any, ...]], None]
"""Told the name and the kind of a layer, its output, and its inputs."""

# A function is called as its module is: `leaky_relu` as LeakyReLU. Not softmax, whose functions
# weigh the tokens of an attention that is written by hand, or end a network.
_ACTIVATIONS = {name.lower() for name in activation.__all__ if "Softm" not in name}
_ACTIVATIONS |= {"clamp", "clampmin"}
_PYTORCHS = {module.__module__ for module in vars(nn).values() if isinstance(module, type)}
_SUMS = ("add", "iadd", "radd")
_ATTENTION = ("scaled_dot_product_attention",)
# What makes a module without layers of its own an activation, besides the functions above.
_NONLINEAR = {"exp", "erf", "sin", "cos", "maximum", "max", "where", "heaviside", "special_expit"}


class LayerCalls(TorchFunctionMode):
    """Reports what the functions give that the modules of `network` call; see `watched`.

    Only outputs whose first dimension is `images`, the number of images that pass, are layers.
    `kind_of` tells the kind of modules that are layers by themselves, None of others: functions in
    them are no layers of their own, unless they override PyTorch's forward. A module without layers
    and without weights in which one of these functions is called is one layer: x times sigmoid(x)
    is an activation. `kinds` has those that are layers by themselves too, as a batch norm that also
    activates is.
    """

    def __init__(
        self, network: nn.Module, kind_of: Callable[[nn.Module], str | None], report: Report
    ) -> None:
        super().__init__()
        self.images = 0
        self._watching = True
        self.kinds: dict[str, str] = {}
        self._network, self._kind_of, self._report = network, kind_of, report
        self._names = {id(module): name for name, module in network.named_modules()}
        self._without_layers: dict[int, bool] = {}
        self._calling: list[tuple[nn.Module, list[str]]] = []  # and the kinds of its functions

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Report while the context lasts, in this thread."""
        handles = []
        try:
            for module in self._network.modules():
                if isinstance(module, torch.jit.ScriptModule):  # takes no hooks
                    continue
                handles.append(module.register_forward_pre_hook(self._enter))
                handles.append(module.register_forward_hook(self._leave))
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()
            self._calling.clear()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Report nothing while the context lasts: what is computed there is not the network's."""
        self._watching = False
        try:
            yield
        finally:
            self._watching = True

    def _enter(self, module: nn.Module, inputs: object) -> None:
        self._calling.append((module, []))

    def _leave(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        _, kinds = self._calling.pop()
        name = self._names[id(module)]
        if isinstance(module, nn.MultiheadAttention):
            tokens = output[0]
            swapped = tokens.ndim == 3 and not module.batch_first
            self._layer(name, ATTENTION, tokens.transpose(0, 1) if swapped else tokens, inputs)
        elif kinds and _is_one_layer(inputs, output):
            kind = next((each for each in kinds if each != SUM), SUM)
            if self._kind_of(module) is not None:
                self.kinds[name] = kind
            else:
                self._layer(name, kind, output, inputs)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if self._calling and self._watching and isinstance(output, Tensor):
            self._meet(getattr(func, "__name__", "").strip("_"), args, output)
        return output

    def _meet(self, name: str, inputs: tuple[Any, ...], output: Tensor) -> None:
        kind = _kind_of_function(name, inputs)
        if kind is None and name not in _NONLINEAR:
            return
        module, kinds = self._calling[-1]
        if self._kind_of(module) is not None and type(module).forward.__module__ in _PYTORCHS:
            return
        if self._is_without_layers(module):
            kinds.append(kind or "activation")
        elif kind is not None:
            path = self._names[id(module)]
            self._layer(f"{path}.{name}" if path else name, kind, output, inputs)

    def _layer(self, name: str, kind: str, output: Tensor, inputs: tuple[Any, ...]) -> None:
        if output.ndim > 1 and len(output) == self.images:
            self._report(name, kind, output, inputs)

    def _is_without_layers(self, module: nn.Module) -> bool:
        """Return whether a module has no modules in it, and no weights but one a channel."""
        if id(module) not in self._without_layers:
            shapes = [each.shape for each in module.parameters()]
            wide = any(sum(side > 1 for side in shape) > 1 for shape in shapes)
            self._without_layers[id(module)] = not (wide or any(True for _ in module.children()))
        return self._without_layers[id(module)]


def _kind_of_function(name: str, inputs: tuple[Any, ...]) -> str | None:
    """Return the kind of layer that a call of a function is, if it is one."""
    if name.replace("_", "") in _ACTIVATIONS:
        return "activation"
    if name in _ATTENTION:
        return ATTENTION
    branches = [each for each in inputs if isinstance(each, Tensor)]
    if name in _SUMS and len(branches) == 2 and branches[0].shape == branches[1].shape:
        return SUM
    return None


def _is_one_layer(inputs: tuple[Any, ...], output: object) -> bool:
    """Return whether output and first input differ in one side at most: a pooling changes more."""
    first = next((each for each in inputs if isinstance(each, Tensor)), None)
    if first is None or not isinstance(output, Tensor) or first.ndim != output.ndim:
        return False
    return sum(a != b for a, b in zip(first.shape, output.shape, strict=True)) < 2
