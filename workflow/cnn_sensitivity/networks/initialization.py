"""The initial weights of convolutions, as a recipe names them."""

from math import ceil, prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

TRUNCATION = 2.0  # standard deviations of the normal that is cut off


def initialize(network: nn.Module, how: str, smoothing: float = 0.0) -> None:
    """Change the convolutions of a fresh network, unless `how` is "default" and `smoothing` 0.

    kaiming_normal redraws the weights from torch's global generator (fan-out, ReLU).
    truncated_normal redraws them from the normal of deviation 1/sqrt(n_in) cut off at two
    deviations, n_in the inputs of one output (R18, footnote 3), and takes the biases away.
    tanh_gain multiplies them by tanh's gain and takes the biases away. `smoothing`: the filters
    are then convolved with a Gaussian of so many pixels (R18, Figure 5a).
    """
    for module in network.modules():
        if isinstance(module, _ConvNd):
            with torch.no_grad():
                _initialize(module, how)
                if smoothing > 0:
                    module.weight.copy_(smoothed(module.weight, smoothing))


def _initialize(module: _ConvNd, how: str) -> None:
    if how == "kaiming_normal":
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif how == "truncated_normal":
        deviation = 1 / sqrt(prod(module.weight.shape[1:]))
        cut = TRUNCATION * deviation
        nn.init.trunc_normal_(module.weight, std=deviation, a=-cut, b=cut)
    elif how == "tanh_gain":
        module.weight.mul_(nn.init.calculate_gain("tanh"))
    if how in ("truncated_normal", "tanh_gain") and module.bias is not None:
        module.bias.zero_()


def smoothed(weights: Tensor, sigma: float) -> Tensor:
    """Return filters [H_out, H_in, F, ...] convolved in space with a Gaussian of `sigma` pixels.

    The Gaussian is sampled at whole pixels and has sum 1; outside the filter is zero, and the
    filter keeps its size.
    """
    result, reach = weights, ceil(8 * sigma)
    for axis in range(2, weights.ndim):
        place = torch.arange(weights.shape[axis], dtype=torch.float64)
        everywhere = torch.arange(-reach, reach + 1, dtype=torch.float64)
        gaussian = _gaussian(place[:, None] - place, sigma) / _gaussian(everywhere, sigma).sum()
        result = (result.movedim(axis, -1) @ gaussian.to(weights)).movedim(-1, axis)
    return result


def _gaussian(distance: Tensor, sigma: float) -> Tensor:
    return torch.exp(-((distance / sigma) ** 2) / 2)
