"""Batch norm on the statistics of the measured images, as T22's and P21's code measures networks
at initialisation: their running statistics, 0 and 1, are no property of any data."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from cnn_sensitivity.base.copying import copied
from cnn_sensitivity.base.errors import UserError

_AT_A_TIME = 2**19  # numbers


class _PerSet(_BatchNorm):
    """A batch norm that normalises the images of each set by their own mean and variance."""

    def __init__(self, original: _BatchNorm, images: int) -> None:
        super().__init__(
            original.num_features, original.eps, affine=False, track_running_stats=False
        )
        self.weight, self.bias = original.weight, original.bias
        self.images = images

    def forward(self, images: Tensor) -> Tensor:
        return _by_set(images, self.images, self.weight, self.bias, self.eps)


class _SetsInFunctions(TorchFunctionMode):
    """Where batch norm is called as a function, each set is normalised by itself."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self.images, self.met = images, False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is functional.batch_norm:
            self.met = True
            return _normalised(self.images, *args, **kwargs)
        return func(*args, **kwargs)


def _normalised(
    count: int,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Take the arguments of `functional.batch_norm`, whose statistics are not used."""
    return _by_set(input, count, weight, bias, eps)


def _by_set(
    images: Tensor, count: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Return [sets x count, ...] normalised by mean and variance of each set."""
    channels_last = images.ndim == 4 and images.is_contiguous(memory_format=torch.channels_last)
    if channels_last and images.device.type == "cpu" and images.element_size() >= 4:
        normalise = _normalise_channels_last
    else:
        normalise, images = _normalise, images.contiguous()
    normalized = torch.empty_like(images)
    for each, of_set in zip(images.split(count), normalized.split(count), strict=True):
        normalise(each, of_set, weight, bias, eps)
    return normalized


def _normalise(
    images: Tensor, out: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> None:
    """Write the images normalised into `out`."""
    # `functional.batch_norm` returns memory of its own, and filling that once more takes a tenth of
    # the pass.
    statistics = images.new_empty(2, images.shape[1]).unbind()
    torch.native_batch_norm(
        images,
        weight,
        bias,
        None,
        None,
        training=True,
        momentum=0.0,
        eps=eps,
        out=(out, *statistics),
    )


def _normalise_channels_last(
    images: Tensor, out: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
) -> None:
    """Write the images normalised into `out`, both channels last on a CPU.

    PyTorch's sums over such images lose half of the digits where it takes them in one kernel. Few
    images at a time stay in the cache.
    """
    few = max(1, _AT_A_TIME // images[0].numel())
    parts = images.split(few)
    mean, variance = _statistics(parts)
    scale = (variance + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    scale, shift = (each.to(images.dtype)[:, None, None] for each in (scale, shift))
    for part, normalized in zip(parts, out.split(few), strict=True):
        torch.addcmul(shift, part, scale, out=normalized)


def _statistics(parts: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return mean and biased variance of the channels over all parts, in float64.

    Each part is read once, as n numbers a channel of mean m and squared deviations q from m:
    variance = (sum q + sum n (m - mean)^2) / sum n (Chan, Golub and LeVeque 1979).
    """
    numbers = torch.tensor([[part[:, 0].numel()] for part in parts], dtype=torch.float64)
    means, squares = torch.stack([_moments(part) for part in parts], 1).double()
    shares = numbers / numbers.sum()
    mean = (shares * means).sum(0)
    return mean, squares.sum(0) / numbers.sum() + (shares * (means - mean).square()).sum(0)


def _moments(images: Tensor) -> Tensor:
    """Return [2, channels]: the mean of each channel, and the sum of squared deviations from it."""
    mean = images.mean((0, 2, 3))
    return torch.stack([mean, (images - mean[:, None, None]).square_().sum((0, 2, 3))])


def has_batch_norms(network: nn.Module) -> bool:
    """Return whether there are batch norms in `network`."""
    return any(isinstance(module, _BatchNorm) for module in network.modules())


def with_batch_statistics(network: nn.Module, images: int) -> nn.Module:
    """Return a network that shares the weights, and takes whole sets of `images` images.

    A batch holds one set or several, [sets x images, ...], one set after the other. Each batch norm
    normalises what it is given of a set by its mean and (biased) variance over the set, each time
    that it runs; whatever else a batch norm of one's own does, it goes on doing. Without gradients.
    Raises UserError for a network that cannot be copied, and when a batch norm runs that does not
    call `functional.batch_norm`.
    """
    network = copied(network, {id(t): t for t in (*network.parameters(), *network.buffers())})
    norms = [each for each in network.modules() if isinstance(each, _BatchNorm)]
    plain = {id(each): _PerSet(each, images) for each in norms if _is_plain(each, network)}
    for module in list(network.modules()):
        for name, child in module._modules.items():
            module._modules[name] = plain.get(id(child), child)
    for norm in norms:
        if id(norm) not in plain:
            own = partial(_own_forward, norm.forward, norm, images)
            norm.forward = own  # type: ignore[method-assign]
    return network


def _is_plain(norm: _BatchNorm, network: nn.Module) -> bool:
    """Return whether a batch norm in `network` does what PyTorch's does, and no more."""
    patched = "forward" in vars(norm) or norm._forward_pre_hooks or norm._forward_hooks
    held = all(name in norm._parameters for name in ("weight", "bias"))
    return type(norm).forward is _BatchNorm.forward and held and not patched and norm is not network


def _own_forward(
    forward: Callable[..., Any], norm: nn.Module, images: int, *inputs: Any, **named: Any
) -> Any:
    with _SetsInFunctions(images) as functions:
        output = forward(*inputs, **named)
    if not functions.met:
        raise UserError(
            f"{type(norm).__name__} normalises by other means than functional.batch_norm: it cannot"
            " be given the statistics of the measured images"
        )
    return output
