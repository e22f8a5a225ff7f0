"""One network, or a stack of equal networks that compute as one.

Both map images `[S, B, ...]` to outputs `[S, B, outputs]` for S seeds and give their state as
tensors with a leading dimension S.
"""

import copy
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.modules.batchnorm import _BatchNorm

State = dict[str, torch.Tensor]


class Ensemble(Protocol):
    """What the training loop needs of the networks that it trains together."""

    parameters: dict[str, nn.Parameter]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return outputs `[S, B, outputs]` for images `[S, B, ...]`."""

    def train(self, mode: bool) -> None:
        """Switch between training and evaluation."""

    def state(self) -> State:
        """Return parameters and buffers with a leading seed dimension; they share memory."""

    def load(self, state: State) -> None:
        """Copy in what `state` gave."""

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these of the networks only; the parameters become new tensors."""


class Single:
    """One network as it is."""

    def __init__(self, network: nn.Module):
        self.network = network
        self.parameters: dict[str, Any] = dict(network.named_parameters())

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images[0]).unsqueeze(0)

    def train(self, mode: bool) -> None:
        self.network.train(mode)

    def state(self) -> State:
        return {name: x.detach().unsqueeze(0) for name, x in self.network.state_dict().items()}

    def load(self, state: State) -> None:
        self.network.load_state_dict({name: x[0] for name, x in state.items()})

    def keep(self, positions: Sequence[int]) -> None:
        raise ValueError("a single network cannot lose a part")


class Stacked:
    """Networks of one architecture, evaluated as one computation by torch.func.vmap."""

    def __init__(self, networks: Sequence[nn.Module]):
        self.template = copy.deepcopy(networks[0]).to("meta")
        self.names = list(networks[0].state_dict())
        stacks = stack_module_state(list(networks))
        self.parameters: dict[str, Any] = stacks[0]
        self.buffers = stacks[1]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        return vmap(self._one)(self.parameters, self.buffers, images)

    def _one(self, parameters: State, buffers: State, images: torch.Tensor) -> torch.Tensor:
        return functional_call(self.template, (parameters, buffers), (images,))

    def train(self, mode: bool) -> None:
        self.template.train(mode)

    def state(self) -> State:
        tensors = {**self.parameters, **self.buffers}
        return {name: tensors[name].detach() for name in self.names}

    def load(self, state: State) -> None:
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def keep(self, positions: Sequence[int]) -> None:
        rows = list(positions)
        self.parameters = {
            name: nn.Parameter(x.detach()[rows]) for name, x in self.parameters.items()
        }
        self.buffers = {name: x[rows] for name, x in self.buffers.items()}


def can_stack(network: nn.Module, name: str, device: torch.device) -> bool:
    """Return whether a network trains faster, and to the same result, within a stack.

    Batch norm writes its statistics in place and dropout draws random numbers: both are left to
    single networks, and so is a user's own network, of which nothing is known. On a CPU the
    batched weights of a 2D convolution become a grouped convolution, which gains nothing: a step
    of four seeds, stacked / one by one on one core and on two: LeNet 1.10 and .93, but FullConnL4
    .58 and .49, SimpleCNN1D with 100 channels .61 and .50.
    """
    if ":" in name or _has(network, _BatchNorm):
        return False
    kinds = {type(module).__name__ for module in network.modules()}
    if any("Dropout" in kind or "StochasticDepth" in kind for kind in kinds):
        return False
    return device.type != "cpu" or not _has(network, nn.Conv2d)


def _has(network: nn.Module, kind: type[nn.Module]) -> bool:
    return any(isinstance(module, kind) for module in network.modules())


def copy_of(state: State) -> State:
    """Return a state that shares no memory with this one."""
    return {name: tensor.clone() for name, tensor in state.items()}


def on_cpu(state: State) -> State:
    """Return a state on the CPU, each tensor in one piece."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def copy_rows(target: State, rows: Iterable[int], source: State, source_rows: list[int]) -> None:
    """Copy rows (seeds) of one state into rows of another, tensor by tensor."""
    positions = list(rows)
    if positions:
        for name, tensor in target.items():
            tensor[positions] = source[name][source_rows].to(tensor.device)
