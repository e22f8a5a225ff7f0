"""How many images may pass a network at once."""

import os
import re
import weakref
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cnn_sensitivity.base.evaluating import evaluating, given_to

_OF_FREE = 0.5
_TRIED = 2  # images


class _Live(TorchDispatchMode):
    """Counts the bytes of tensors that are made and not yet freed."""

    def __init__(self, known: list[Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive = {each.untyped_storage()._cdata for each in known}

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


def budget(gigabytes: float | None, device: torch.device) -> int:
    """Return the bytes that may be used: by default half of what is free on the device."""
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    if device.type == "cuda":
        return int(_OF_FREE * torch.cuda.mem_get_info(device)[0])
    return int(_OF_FREE * _free())


def _free() -> int:
    """Return the bytes that are free here, for this process's group of processes too."""
    found = re.search(r"MemAvailable: +(\d+) kB", _text("/proc/meminfo"))
    if found is None:  # not Linux
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, used = _text("/sys/fs/cgroup/memory.max"), _text("/sys/fs/cgroup/memory.current")
    free = 1024 * int(found[1])
    return min(free, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else free


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
