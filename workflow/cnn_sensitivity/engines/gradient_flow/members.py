"""Networks of one architecture as a field on flat vectors of parameters."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.gradient_flow.layered import Layered
from cnn_sensitivity.engines.gradient_flow.losses import Loss

# Members compute as one where points times parameters of one are fewer. On a busy core, ms a member
# and gradient, alone and among 16: .46 and .14 at 8e4, .51 and .44 at 2.3e5, .58 and 1.3 at 3.6e5.
TOGETHER = 3e5
# Written out, so many activations of a layer at once. On a core, alone over at once: 1.8 for five
# members of 640 points and 100 units, 1.4 with 1,024 points, and .5 for thirty with 2,000.
AT_ONCE = 4e5


class Members:
    """The flow of F = alpha (f - f0) on (1/P) sum l(F(x_i), y_i) / alpha, for S members.

    Their inputs are [S, P, ...], targets [S, P]. theta [R, N] is flat, without the parameters that
    need no gradient.

    PyTorch loads sympy, in half a second, and compares symbolic shapes at every call, for slopes
    that `autograd.grad` is given: it is asked for the gradient of the outputs along them instead.
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
        self._networks = [copy.deepcopy(network) for network in networks]
        self._moving = [[x for x in n.parameters() if x.requires_grad] for n in self._networks]
        self._template = copy.deepcopy(networks[0]).to("meta")
        named, buffers = stack_module_state(self._networks)
        self._names = [name for name, x in named.items() if x.requires_grad]
        self._fixed = {name: x.detach() for name, x in (buffers | named).items()}
        self._shapes = [self._fixed.pop(name).shape[1:] for name in self._names]
        self.theta = torch.stack([nn.utils.parameters_to_vector(x) for x in self._moving]).detach()
        self._flat = self.theta.clone()  # the memory of the networks' parameters, from here on
        for row, parameters in enumerate(self._moving):
            parts = self._parts(self._flat[row, None])
            for parameter, part in zip(parameters, parts, strict=True):
                parameter.data = part[0]
        alike = all(Layered.describes(network) for network in self._networks)
        self._layered = Layered(self._networks[0]) if alike else None
        self._columns = self._layered.columns(inputs) if self._layered else inputs
        with torch.no_grad():
            if self._layered:
                parts = self._parts(self.theta)
                self.initial_outputs, _ = self._layered.outputs(parts, self._columns)
            else:
                outputs = [self._scalars(n(x)) for n, x in zip(self._networks, inputs, strict=True)]
                self.initial_outputs = torch.stack(outputs)

    def __call__(self, theta: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return F [R, P] and the gradients [R, N] of the members `rows` at theta [R, N]."""
        points = self.inputs.shape[1]
        if self._layered:
            size = max(1, int(AT_ONCE / (points * self._layered.width)))
            some = zip(theta.split(size), rows.split(size), strict=True)
            found = [self._written_out(x, of, self._layered) for x, of in some]
            return torch.cat([each[0] for each in found]), torch.cat([each[1] for each in found])
        if len(rows) == 1 or points * theta.shape[1] > TOGETHER:
            pairs = [self._alone(x, row) for x, row in zip(theta, rows.tolist(), strict=True)]
            return torch.stack([pair[0] for pair in pairs]), torch.stack(
                [pair[1] for pair in pairs]
            )
        theta = theta.detach().requires_grad_()
        tensors = dict(zip(self._names, self._parts(theta), strict=True))
        tensors |= {name: x[rows] for name, x in self._fixed.items()}
        with torch.enable_grad():
            raw = vmap(self._call)(tensors, self.inputs[rows])
            outputs, slopes = self._judged(raw.detach(), rows)
            along = raw.flatten() @ slopes.flatten()
        (gradients,) = torch.autograd.grad(along, theta)
        return outputs, gradients

    def _written_out(self, theta: Tensor, rows: Tensor, layered: Layered) -> tuple[Tensor, Tensor]:
        """Return F [R, P] and the gradients [R, N] of members without autograd."""
        # Of one member a view: its points may be more than all else that a gradient reads.
        columns = self._columns[rows] if len(rows) > 1 else self._columns[int(rows)][None]
        raw, gradients = layered.outputs(self._parts(theta), columns)
        outputs, slopes = self._judged(raw, rows)
        return outputs, torch.cat([each.flatten(1) for each in gradients(slopes)], dim=1)

    def state(self, theta: Tensor, row: int) -> dict[str, Tensor]:
        """Return the state of the network that theta [N] makes of member `row`."""
        self._flat[row] = theta
        return {name: x.clone() for name, x in self._networks[row].state_dict().items()}

    def _alone(self, theta: Tensor, row: int) -> tuple[Tensor, Tensor]:
        """Return F [P] and the gradient [N] of one member, which vmap would slow down."""
        self._flat[row] = theta
        with torch.enable_grad():
            raw = self._scalars(self._networks[row](self.inputs[row]))
            outputs, slopes = self._judged(raw.detach(), row)
            along = raw @ slopes
        parts = torch.autograd.grad(along, self._moving[row], materialize_grads=True)
        return outputs, torch.cat([part.flatten() for part in parts])

    def _judged(self, raw: Tensor, rows: Tensor | int) -> tuple[Tensor, Tensor]:
        """Return F, and the slopes of the mean loss, of the networks' own outputs."""
        outputs = self.alpha * (raw - self.initial_outputs[rows])
        return outputs, self.loss.slope(outputs, self.targets[rows]) / outputs.shape[-1]

    def _parts(self, theta: Tensor) -> list[Tensor]:
        """Return theta [R, N] as tensors [R, ...] of the parameters' shapes, on its memory."""
        parts = theta.split([shape.numel() for shape in self._shapes], dim=1)
        return [x.view(-1, *shape) for x, shape in zip(parts, self._shapes, strict=True)]

    def _call(self, tensors: dict[str, Tensor], inputs: Tensor) -> Tensor:
        return self._scalars(functional_call(self._template, tensors, (inputs,)))

    def _scalars(self, outputs: Tensor) -> Tensor:
        points = self.inputs.shape[1]
        if outputs.numel() != points or outputs.shape[0] != points:
            raise UserError(
                f"network: from {points} points it must return {points} numbers,"
                f" not a tensor of shape {tuple(outputs.shape)}"
            )
        return outputs.reshape(points)
