"""SGD and Adam over a recipe's parameters, by the functions behind `torch.optim`'s classes.

The classes load PyTorch's compiler when they are built, in more than a second, and turn to it at
every step.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from cnn_sensitivity.config import Recipe
from cnn_sensitivity.engines.sgd.ensemble import State


class Optimizer:
    """Updates parameters, single or stacked: it works elementwise.

    `state` is what it keeps of each parameter, by its name: nothing before the first step. A
    parameter without a gradient is left as it is.
    """

    def __init__(
        self, recipe: Recipe, parameters: dict[str, nn.Parameter], decays: dict[str, float]
    ):
        self.state: defaultdict[str, State] = defaultdict(dict)
        self._recipe, self._parameters, self._decays = recipe, parameters, decays
        self._groups = [
            (decay, [name for name in parameters if decays[name] == decay])
            for decay in sorted(set(decays.values()))
        ]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or write zeros into them."""
        for parameter in self._parameters.values():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update every parameter by its gradient at this learning rate."""
        update = self._adam if self._recipe.optimizer == "adam" else self._sgd
        # fused: one kernel for all parameters, on a CPU too
        told = {"lr": rate, "fused": True, "maximize": False}
        for decay, names in self._groups:
            reached = [name for name in names if self._parameters[name].grad is not None]
            if reached:
                update(reached, weight_decay=decay, **told)

    def _sgd(self, names: list[str], **told: Any) -> None:
        momenta = [self.state[name].get("momentum_buffer") for name in names]
        momentum = self._recipe.momentum
        sgd(*self._moving(names), momenta, momentum=momentum, dampening=0.0, nesterov=False, **told)
        for name, kept in zip(names, momenta, strict=True):
            if kept is not None:
                self.state[name]["momentum_buffer"] = kept

    def _adam(self, names: list[str], **told: Any) -> None:
        for name in names:
            if not self.state[name]:
                parameter = self._parameters[name]
                self.state[name] = {
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                    "step": torch.zeros((), device=parameter.device),
                }
        means, squares, steps = (
            [self.state[name][key] for name in names] for key in ("exp_avg", "exp_avg_sq", "step")
        )
        told |= {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "amsgrad": False}
        adam(*self._moving(names), means, squares, [], steps, **told)

    def _moving(self, names: list[str]) -> tuple[list[Tensor], list[Tensor]]:
        """Return the parameters of these names, and their gradients."""
        parameters: list[Tensor] = [self._parameters[name] for name in names]
        return parameters, [x.grad for x in parameters if x.grad is not None]

    def of_rows(self, rows: Sequence[int], parameters: dict[str, nn.Parameter]) -> "Optimizer":
        """Return the optimiser of these rows of the stack, whose parameters are new tensors."""
        rest = Optimizer(self._recipe, parameters, self._decays)
        for name, kept in self.state.items():
            stacked = self._parameters[name].shape
            rest.state[name] = {
                key: value[rows] if value.shape == stacked else value for key, value in kept.items()
            }
        return rest

    def restore(self, name: str, key: str, saved: Tensor) -> None:
        """Take up what was kept of a parameter, on its device and in its layout in memory.

        Fused kernels take both for equal and would pair the wrong numbers.
        """
        parameter = self._parameters[name]
        if saved.shape == parameter.shape:
            laid_out = torch.empty_like(parameter, dtype=saved.dtype, requires_grad=False)
            self.state[name][key] = laid_out.copy_(saved)
        else:  # a count of steps
            self.state[name][key] = saved.to(parameter.device, copy=True)
