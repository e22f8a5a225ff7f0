"""Batch norm on the statistics of the measured images, as T22's and P21's code measures networks
at initialisation: their running statistics, 0 and 1, are no property of any data."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from cnn_sensitivity.errors import UserError


class _PerSet(_BatchNorm):
    """A batch norm that normalises the images of each set by statistics of that set's own."""

    def __init__(self, original: _BatchNorm) -> None:
        super().__init__(original.num_features, original.eps, affine=False)
        self.weight, self.bias = original.weight, original.bias
        self.means: list[Tensor] = []
        self.variances: list[Tensor] = []
        self.scale = self.shift = torch.empty(0)
        """Of all sets, [sets, features], once their statistics are collected."""
        self.collecting = True
        self.passing = range(0)
        """Numbers of the sets whose images come next, equally many of each."""

    def forward(self, images: Tensor) -> Tensor:
        if self.collecting:
            return self._collected(images)
        # One pass over the images, where `batch_norm` set by set would need a copy more.
        of_sets = images.unflatten(0, (len(self.passing), -1))
        sets = slice(self.passing.start, self.passing.stop)
        shape = (len(self.passing), 1, self.num_features, *(1 for _ in images.shape[2:]))
        scale, shift = self.scale[sets].view(shape), self.shift[sets].view(shape)
        return torch.addcmul(shift, of_sets, scale).flatten(0, 1)

    def collected_all(self) -> None:
        """Normalise from now on, by the statistics of the sets that came so far."""
        self.scale = torch.rsqrt(torch.stack(self.variances) + self.eps)
        if self.weight is not None:
            self.scale = self.scale * self.weight
        self.shift = -torch.stack(self.means) * self.scale
        if self.bias is not None:
            self.shift = self.shift + self.bias
        self.passing = range(len(self.means))
        self.collecting = False

    def _collected(self, images: Tensor) -> Tensor:
        """Note the statistics of all images of a set, and return these normalised by them."""
        if images.device.type == "cpu":
            # Twice as fast as `var`. Of channels-last images it would lose half of the digits.
            images = images.contiguous()
            mean, variance = images.new_zeros(2, self.num_features)
            normalized = functional.batch_norm(
                images, mean, variance, self.weight, self.bias, True, momentum=1, eps=self.eps
            )
            count = images.numel() // self.num_features
            self.means.append(mean)
            self.variances.append(variance * (1 - 1 / count))  # it came unbiased
            return normalized
        others = [axis for axis in range(images.ndim) if axis != 1]
        mean, variance = images.mean(others), images.var(others, unbiased=False)
        self.means.append(mean)
        self.variances.append(variance)
        return functional.batch_norm(images, mean, variance, self.weight, self.bias, eps=self.eps)


def with_batch_statistics(network: nn.Module, sets: Sequence[Tensor]) -> nn.Module:
    """Return a network that shares the weights, and takes stacked batches of all sets.

    `sets`: tensors [P, ...] of one shape. A batch holds equally many images of each, one set after
    the other; of fewer sets after `announce` has named these. Each batch norm normalises the images
    of a set by the mean and variance over all P images of that set. To find these, each set passes
    the network once, all of its images together. A network without batch norm is returned as it is.
    Raises UserError for a batch norm that runs more than once in a pass.
    """
    if not any(isinstance(module, _BatchNorm) for module in network.modules()):
        return network
    weights = {id(each): each for each in (*network.parameters(), *network.buffers())}
    network = copy.deepcopy(network, dict(weights))
    for module, name in _batch_norms(network):
        setattr(module, name, _PerSet(getattr(module, name)))
    place = next(network.parameters(), sets[0])
    network.eval()
    with torch.no_grad():
        for images in sets:
            network(images.to(place.device, place.dtype))
    for name, module in network.named_modules():
        if isinstance(module, _PerSet) and module.means:
            if len(module.means) > len(sets):
                raise UserError(
                    f"batch norm {name!r} runs {len(module.means) // len(sets)} times in a pass;"
                    " on the statistics of the measured images it can run once"
                )
            module.collected_all()
    return network


def announce(network: nn.Module, sets: range) -> None:
    """Say that the next batches hold images of these sets alone, by their numbers."""
    for module in network.modules():
        if isinstance(module, _PerSet):
            module.passing = sets


def _batch_norms(network: nn.Module) -> list[tuple[nn.Module, str]]:
    """Return the module that holds each batch norm, and the batch norm's name in it."""
    return [
        (parent, name)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm)
    ]
