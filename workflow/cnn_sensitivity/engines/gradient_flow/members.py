"""Networks of one architecture as a field on flat vectors of parameters."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from cnn_sensitivity.errors import UserError

from .losses import Loss

# Members compute as one where points times parameters of one are fewer. On a busy core, ms a member
# and gradient, alone and among 16: .46 and .14 at 8e4, .51 and .44 at 2.3e5, .58 and 1.3 at 3.6e5.
TOGETHER = 3e5


class Members:
    """The flow of F = alpha (f - f0) on (1/P) sum l(F(x_i), y_i) / alpha, for S members.

    Their inputs are [S, P, ...], targets [S, P]. theta [R, N] is flat, without the parameters that
    need no gradient.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        inputs: Tensor,
        targets: Tensor,
        alpha: float,
        loss: Loss,
    ):
        self.inputs, self.targets, self.alpha, self.loss = inputs, targets, alpha, loss
        self._template = copy.deepcopy(networks[0]).to("meta")
        stacked, buffers = stack_module_state([copy.deepcopy(network) for network in networks])
        moving = {name: x.detach() for name, x in stacked.items() if x.requires_grad}
        self._fixed = {**buffers, **{n: x.detach() for n, x in stacked.items() if n not in moving}}
        self._shapes = {name: x.shape[1:] for name, x in moving.items()}
        self.theta = torch.cat([x.flatten(1) for x in moving.values()], dim=1)
        self._one_by_one = inputs.shape[1] * self.theta.shape[1] > TOGETHER
        with torch.no_grad():
            self.initial_outputs = self._each(self.theta, torch.arange(len(networks)))

    def __call__(self, theta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return F [R, P] and the gradients [R, N] of the members `rows` at theta [R, N]."""
        if self._one_by_one and len(rows) > 1:
            parts = [self(one[None], row[None]) for one, row in zip(theta, rows, strict=True)]
            return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
        theta = theta.detach().requires_grad_()
        with torch.enable_grad():
            raw = self._each(theta, rows)
        outputs = self.alpha * (raw.detach() - self.initial_outputs[rows])
        slopes = self.loss.slope(outputs, self.targets[rows]) / outputs.shape[1]
        (gradients,) = torch.autograd.grad(raw, theta, slopes)
        return outputs, gradients

    def state(self, theta: Tensor, row: int) -> dict[str, Tensor]:
        """Return the state of the network that theta [N] makes of member `row`."""
        fixed = {name: x[row].clone() for name, x in self._fixed.items()}
        moving = {name: x[0].clone() for name, x in self._named(theta[None]).items()}
        return {name: {**fixed, **moving}[name] for name in self._template.state_dict()}

    def _each(self, theta: Tensor, rows: Tensor) -> Tensor:
        """Return the outputs [R, P] of the networks themselves."""
        moving = self._named(theta)
        if len(rows) == 1:
            row = int(rows[0])
            tensors = {name: x[0] for name, x in moving.items()}
            tensors |= {name: x[row] for name, x in self._fixed.items()}
            return self._scalars(functional_call(self._template, tensors, (self.inputs[row],)))[
                None
            ]
        tensors = {**moving, **{name: x[rows] for name, x in self._fixed.items()}}

        def call(tensors: dict[str, Tensor], inputs: Tensor) -> Tensor:
            return self._scalars(functional_call(self._template, tensors, (inputs,)))

        return vmap(call)(tensors, self.inputs[rows])

    def _named(self, theta: Tensor) -> dict[str, Tensor]:
        sizes = [shape.numel() for shape in self._shapes.values()]
        parts = theta.split(sizes, dim=1)
        return {
            name: part.reshape(-1, *shape)
            for part, (name, shape) in zip(parts, self._shapes.items(), strict=True)
        }

    def _scalars(self, outputs: Tensor) -> Tensor:
        points = self.inputs.shape[1]
        if outputs.numel() != points or outputs.shape[0] != points:
            raise UserError(
                f"network: from {points} points it must return {points} numbers,"
                f" not a tensor of shape {tuple(outputs.shape)}"
            )
        return outputs.reshape(points)
