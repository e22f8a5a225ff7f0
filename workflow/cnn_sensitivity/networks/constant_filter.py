"""The network of the theory: one channel, constant filters, ReLU, nothing to train."""

from collections import OrderedDict
from typing import Any

from torch import nn

from cnn_sensitivity.base.errors import UserError

_PAD: dict[int, Any] = {1: nn.ZeroPad1d, 2: nn.ZeroPad2d}
_CONVOLUTION: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d}


def constant_filter_network(
    blocks: int, filter_size: int, stride: int, dimension: int = 1
) -> nn.Module:
    """Return blocks of [zero padding, filter of value stride/filter_size per axis, ReLU].

    Signals [B, 1, N] (or images [B, 1, N, N] for `dimension` 2) to [B, 1, N / stride^blocks]: the
    padding is such that each block divides the length by the stride. In double precision after
    `.double()`. Raises UserError for numbers under 1, a filter smaller than the stride, or a
    dimension other than 1 and 2. Source: T22 [code], checked.
    """
    if min(blocks, filter_size, stride) < 1:
        raise UserError("a constant-filter network needs blocks, filter_size and stride above 0")
    if filter_size < stride:
        raise UserError(f"filter_size {filter_size} is smaller than stride {stride}")
    if dimension not in _CONVOLUTION:
        raise UserError(f"a constant-filter network has dimension 1 or 2, not {dimension}")
    left = (filter_size - stride) // 2
    right = filter_size - stride - left
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for index in range(1, blocks + 1):
        convolution = _CONVOLUTION[dimension](1, 1, filter_size, stride=stride, bias=False)
        nn.init.constant_(convolution.weight, (stride / filter_size) ** dimension)
        modules[f"block{index}"] = nn.Sequential(
            OrderedDict(
                pad=_PAD[dimension]((left, right) * dimension),
                conv=convolution.requires_grad_(False),
                activation=nn.ReLU(),
            )
        )
    return nn.Sequential(modules)
