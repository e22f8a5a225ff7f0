"""The gradient of fully connected networks written out: a few passes over their activations.

Autograd takes 1.3 to 2.6 times as long: it reads and writes each activation several times more, and
five members of 64 points cost it nearly five times what one does.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cnn_sensitivity.networks.layers import ScaledLinear
from cnn_sensitivity.networks.ntk_fully_connected import Sharpened

Slopes = Callable[[Tensor], list[Tensor]]


class Layered:
    """Networks of the architecture `ntk_fully_connected` with one output, as R members at a time.

    z_l = M_l v_(l-1), v_l = shape(z_l), f = M_L v_(L-1); M_l is the layer's weight times its scale,
    with the bias as a last column where v_(l-1) has a row of ones. v_0 are the points as columns.
    `width` is that of the widest layer.
    """

    def __init__(self, network: nn.Module):
        self._layers = [each for each in _body(network) if isinstance(each, ScaledLinear)]
        self._shapes = [each for each in _body(network) if isinstance(each, Sharpened)]
        self.width = max(each.out_features for each in self._layers)

    @staticmethod
    def describes(network: nn.Module) -> bool:
        """Return whether a network is of this architecture, and all its parameters move."""
        first, *_ = (*network.children(), None)
        if type(network) is not nn.Sequential or type(first) is not nn.Flatten:
            return False
        *hidden, output = _body(network) or [first]
        return (
            isinstance(output, ScaledLinear)
            and output.out_features == 1
            and all(isinstance(each, ScaledLinear) for each in hidden[::2])
            and all(isinstance(each, Sharpened) for each in hidden[1::2])
            and len(hidden) % 2 == 0
            and all(x.requires_grad for x in network.parameters())
        )

    def columns(self, inputs: Tensor) -> Tensor:
        """Return v_0 [R, d, P] of inputs [R, P, ...], and ones where the first layer has a bias."""
        return _below(inputs.flatten(2).transpose(1, 2).contiguous(), self._layers[0])

    def outputs(self, parameters: Sequence[Tensor], columns: Tensor) -> tuple[Tensor, Slopes]:
        """Return f [R, P], and what maps weights w [R, P] to the gradients of sum_i w_i f(x_i).

        `parameters` [R, ...] are in the network's order, and so are the gradients. `columns`: v_0.
        """
        matrices = self._matrices(parameters)
        values, slopes = [columns], []
        for matrix, shape, above in zip(matrices[:-1], self._shapes, self._layers[1:], strict=True):
            value, slope = shape.with_slope(matrix @ values[-1])
            values.append(_below(value, above))
            slopes.append(slope)

        def gradients(weights: Tensor) -> list[Tensor]:
            products = [weights[:, None] @ values[-1].transpose(1, 2)]
            delta = slopes[-1] * _without_bias(matrices[-1], self._layers[-1])
            for at in reversed(range(len(slopes))):
                products.append(delta @ (values[at] * weights[:, None]).transpose(1, 2))
                if at:
                    delta = slopes[at - 1] * (_without_bias(matrices[at], self._layers[at]) @ delta)
            return self._of_parameters(products[::-1])

        return (matrices[-1] @ values[-1])[:, 0], gradients

    def _matrices(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        given, matrices = iter(parameters), []
        for layer in self._layers:
            weight = next(given) * layer.scale
            bias = [next(given)[..., None]] if layer.bias is not None else []
            matrices.append(torch.cat([weight, *bias], dim=2) if bias else weight)
        return matrices

    def _of_parameters(self, products: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradients of weights and biases from those of the matrices."""
        found = []
        for layer, product in zip(self._layers, products, strict=True):
            found.append(product[..., : layer.in_features] * layer.scale)
            if layer.bias is not None:
                found.append(product[..., -1])
        return found


def _body(network: nn.Module) -> list[nn.Module]:
    """Return layers and activations in their order, one that is in several places several times."""
    return [each for each in network._modules.values() if each and type(each) is not nn.Flatten]


def _below(values: Tensor, layer: ScaledLinear) -> Tensor:
    """Return what a layer's matrix multiplies: values [R, n, P], with ones for its bias."""
    return values if layer.bias is None else torch.cat([values, torch.ones_like(values[:, :1])], 1)


def _without_bias(matrix: Tensor, layer: ScaledLinear) -> Tensor:
    """Return M^T [R, in, out]."""
    return matrix[..., : layer.in_features].transpose(1, 2)
