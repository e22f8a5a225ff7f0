"""How many images pass a network at once: by what they take meanwhile."""

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cnn_sensitivity.base.evaluating import evaluating, given_to

_TRIED = 2  # images
# What may live at once. On a CPU more leaves the cache, and tensors of more than 32 MB are taken
# from the system anew each time; less reads and sorts the filters more often.
_ON_CPU, _ELSEWHERE = 3 * 2**24, 2**32
# Images of each of three sets: more than these save nothing.
_MOST = 128
_FEWEST = 8
# A measurement of so many images saves less than the pass costs that tells what they take.
_SMALL = 3 * _FEWEST


class _Live(TorchDispatchMode):
    """Counts the bytes of tensors that are made and not yet freed."""

    def __init__(self, known: list[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive = {each.untyped_storage()._cdata for each in known}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # that would load torch._dynamo, in a second or two

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        for each in tree_leaves(output):
            if isinstance(each, Tensor):
                self._count(each.untyped_storage())
        return output

    def _count(self, storage: torch.UntypedStorage) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place not in self._alive:
            self._alive.add(place)
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._free, place, size)

    def _free(self, place: int, size: int) -> None:
        self._alive.discard(place)
        self.now -= size


def bytes_an_image(network: nn.Module, images: Tensor) -> int:
    """Return what one more image takes while it passes, without what the library needs inside."""
    images = given_to(network, images[:_TRIED])
    known = [images, *network.parameters(), *network.buffers()]
    with evaluating(network), _Live(known) as live:
        network(images)
    return -(-live.peak // len(images)) + images[0].nbytes


def threads(device: torch.device) -> int:
    """Return how many threads share the images: those of a CPU."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def fastest(an_image: int, images: int, device: torch.device) -> int:
    """Return how many of `images` pass fastest at once, each in three sets.

    `an_image`: the bytes that one takes (`bytes_an_image`). A rule, not a timing, so that the same
    images give the same sums to the bit in each run.
    """
    fitting = (_ON_CPU if device.type == "cpu" else _ELSEWHERE) // (3 * an_image)
    share = -(-images // threads(device))
    return max(_FEWEST, min(fitting, share, _MOST))


def batch_size(network: nn.Module, images: Tensor) -> int:
    """Return how many images of each of three sets pass a network at once fastest."""
    place = next(network.parameters(), images).device
    if len(images) <= _SMALL * threads(place):
        return _FEWEST
    return fastest(bytes_an_image(network, images), len(images), place)
