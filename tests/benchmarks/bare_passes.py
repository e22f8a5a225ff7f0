"""What a measurement is held against: images that pass the bare network as fast as they can."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.timing import by_turns

LAYOUTS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
SIZES = (24, 48, 96, 250)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let PyTorch use so many threads while the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def bare_passes(network: nn.Module, data: Sequence[Tensor], size: int) -> None:
    """Pass all images through the network, `size` at once, and forget the results."""
    with torch.no_grad():
        for images in data:
            for batch in images.split(size):
                network(batch)


def best(
    network: nn.Module, data: Sequence[Tensor], sizes: Sequence[int] = SIZES
) -> tuple[Callable[[], None], str]:
    """Return the bare passes of `data` in their best batch and layout, and which these are.

    The best is found by timing as many images as the largest batch has.
    """
    tried, some = _ways(network, sizes), [data[0][: max(sizes)]]
    seconds = by_turns(
        *(partial(bare_passes, each, some, size) for each, size in tried.values()),
        rounds=3,
        of=min,
    )
    name = min(zip(seconds, tried, strict=True))[1]
    chosen, size = tried[name]
    return partial(bare_passes, chosen, data, size), name


def _ways(network: nn.Module, sizes: Sequence[int]) -> Mapping[str, tuple[nn.Module, int]]:
    copies = {
        name: copy.deepcopy(network).to(memory_format=layout)  # type: ignore[call-overload]
        for name, layout in LAYOUTS.items()
    }
    return {
        f"{size} at once, {name}": (each, size) for name, each in copies.items() for size in sizes
    }
