"""Batch norm on the statistics of the measured images, as T22's and P21's code measures networks
at initialisation: their running statistics, 0 and 1, are no property of any data."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _PerSet(_BatchNorm):
    """A batch norm that normalises the images of each set by their own mean and variance."""

    def __init__(self, original: _BatchNorm, images: int) -> None:
        super().__init__(
            original.num_features, original.eps, affine=False, track_running_stats=False
        )
        self.weight, self.bias = original.weight, original.bias
        self.images = images

    def forward(self, images: Tensor) -> Tensor:
        # On a CPU the sums over channels-last images lose half of the digits.
        images = images.contiguous()
        normalized = torch.empty_like(images)
        sets = zip(images.split(self.images), normalized.split(self.images), strict=True)
        for each, of_set in sets:
            # `functional.batch_norm` returns memory of its own, and filling that once more takes a
            # tenth of the pass.
            statistics = images.new_empty(2, self.num_features).unbind()
            torch.native_batch_norm(
                each,
                self.weight,
                self.bias,
                None,
                None,
                training=True,
                momentum=0.0,
                eps=self.eps,
                out=(of_set, *statistics),
            )
        return normalized


def has_batch_norms(network: nn.Module) -> bool:
    """Return whether there are batch norms in `network`."""
    return any(isinstance(module, _BatchNorm) for module in network.modules())


def with_batch_statistics(network: nn.Module, images: int) -> nn.Module:
    """Return a network that shares the weights, and takes whole sets of `images` images.

    A batch holds one set or several, [sets x images, ...], one set after the other. Each batch norm
    normalises what it is given of a set by its mean and (biased) variance over the set, each time
    that it runs. Without gradients.
    """
    weights = {id(each): each for each in (*network.parameters(), *network.buffers())}
    network = copy.deepcopy(network, dict(weights))
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, _BatchNorm):
                setattr(module, name, _PerSet(child, images))
    return network
