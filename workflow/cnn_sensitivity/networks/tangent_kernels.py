"""Tangent kernels K(x, x') = grad f(x) . grad f(x'), analytic and empirical, as modules."""

import copy
from abc import ABC, abstractmethod
from math import pi

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.layers import ScaledLinear

BLOCK = 2**26
"""Most numbers that the Jacobian of a block of points holds: half a gigabyte of float64."""


class Kernel(nn.Module, ABC):
    """Maps points [B, ...] and [C, ...] to their Gram matrix [B, C]."""

    @abstractmethod
    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the Gram matrix [B, C] of two sets of points."""


class AnalyticTangentKernel(Kernel):
    """The tangent kernel of one hidden ReLU layer of infinite width; points [B, ...] of d numbers.

    |x||x'| [2 (pi - phi) cos phi + sin phi]/pi, phi the angle between x and x'; both stand for
    x/sqrt(d), with a 1 appended where the layer has a bias. It is the mean tangent kernel of
    f = h^-1/2 sum_n b_n sqrt(2) ReLU(w_n.x/sqrt(d) + c_n), the limit of `ntk_fully_connected` with
    the output scale 1/sqrt(h); divide by h for the scale 1/h. Without a bias it is proportional to
    the kernel of S22's code. Its slope at coinciding points, a cusp, is returned as that of the
    smooth part.
    """

    def __init__(self, bias: bool = True):
        super().__init__()
        self.bias = bias

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        left, right = self._appended(left), self._appended(right)
        norms = left.norm(dim=1)[:, None] * right.norm(dim=1)
        # Norms of zero give a kernel of zero; the bound keeps the slope finite.
        cosine = (left @ right.T / norms.clamp(min=1e-300)).clamp(-1 + 1e-15, 1 - 1e-15)
        angle = torch.arccos(cosine)
        return norms * (2 * (pi - angle) * cosine + torch.sqrt(1 - cosine**2)) / pi

    def extra_repr(self) -> str:
        return f"bias={self.bias}"

    def _appended(self, points: Tensor) -> Tensor:
        flat = points.flatten(1)
        scaled = flat / flat.shape[1] ** 0.5
        return torch.cat([scaled, torch.ones_like(scaled[:, :1])], 1) if self.bias else scaled


class EmpiricalTangentKernel(Kernel):
    """The tangent kernel of a network of one output, in the parameters that need a gradient."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        moving = [name for name, x in self.network.named_parameters() if x.requires_grad]
        if not moving:
            raise UserError("network: it has no parameter to train, so no tangent kernel")
        self._moving = moving
        # Constants from here on: whoever differentiates the kernel means its points.
        self.network.requires_grad_(False)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.cat(
            [
                torch.cat([rows @ self._jacobian(part).T for part in self._blocks(right)], dim=1)
                for rows in map(self._jacobian, self._blocks(left))
            ]
        )

    def _blocks(self, points: Tensor) -> tuple[Tensor, ...]:
        size = sum(self.network.get_parameter(name).numel() for name in self._moving)
        return points.split(max(1, BLOCK // size))

    def _jacobian(self, points: Tensor) -> Tensor:
        """Return grad f [B, N]."""
        fixed: dict[str, Tensor] = {
            **dict(self.network.named_parameters()),
            **dict(self.network.named_buffers()),
        }
        moving = {name: fixed.pop(name) for name in self._moving}

        def output(moving: dict[str, Tensor], point: Tensor) -> Tensor:
            return functional_call(self.network, {**moving, **fixed}, (point[None],)).reshape(())

        gradients = vmap(grad(output), in_dims=(None, 0))(moving, points)
        return torch.cat([x.flatten(1) for x in gradients.values()], dim=1)


def is_layerwise(network: nn.Module) -> bool:
    """Return whether all parameters of the network are those of scaled linear layers."""
    layers = [each for each in network.modules() if isinstance(each, ScaledLinear)]
    of_layers = sum(x.numel() for layer in layers for x in layer.parameters())
    return bool(layers) and of_layers == sum(x.numel() for x in network.parameters())


def of_network(network: nn.Module) -> Kernel:
    """Return the tangent kernel in all parameters of a network, which all need a gradient."""
    return (LayerwiseTangentKernel if is_layerwise(network) else EmpiricalTangentKernel)(network)


class LayerwiseTangentKernel(Kernel):
    """The tangent kernel in all parameters of a network of scaled linear layers, layer by layer.

    sum_l s_l^2 (a_l . a_l') (delta_l . delta_l'), a_l the inputs of layer l, s_l its scale, delta_l
    the slope of the output in its outputs; with a bias plus delta_l . delta_l'. It is what
    `EmpiricalTangentKernel` computes, in a time that does not grow with the number of parameters.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        self._layers = [each for each in self.network.modules() if isinstance(each, ScaledLinear)]
        if not is_layerwise(self.network):
            raise UserError("network: its parameters must be those of scaled linear layers")

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        one = self._passes(left)
        other = one if right is left else self._passes(right)
        kernel = torch.zeros(len(left), len(right), dtype=one[0][0].dtype)
        for layer, (a, delta), (b, slope) in zip(self._layers, one, other, strict=True):
            inputs = layer.scale**2 * (a @ b.T)
            kernel += (inputs if layer.bias is None else inputs + 1) * (delta @ slope.T)
        return kernel

    def _passes(self, points: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return the inputs [B, ...] of each layer, and the slopes of f in its outputs."""
        seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

        def note(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            seen[layer] = inputs[0].detach(), output

        hooks = [layer.register_forward_hook(note) for layer in self._layers]
        with torch.enable_grad():
            value = self.network(points.detach().clone().requires_grad_()).sum()
        for hook in hooks:
            hook.remove()
        outputs = [seen[layer][1] for layer in self._layers]
        slopes = torch.autograd.grad(value, outputs)
        return [(seen[layer][0], x) for layer, x in zip(self._layers, slopes, strict=True)]
