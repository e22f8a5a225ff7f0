"""Sets of images passed through a network, and what its layers make of them summed on the way."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from cnn_sensitivity.base.copying import copied, usual
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.evaluating import evaluating
from cnn_sensitivity.measures import at_once
from cnn_sensitivity.measures.batch_statistics import has_batch_norms, with_batch_statistics
from cnn_sensitivity.measures.layer_calls import LayerCalls
from cnn_sensitivity.measures.layer_choice import PREACTIVATION, SUM

# PyTorch keeps one file per family of layers, so the file that defines a layer tells its kind.
_KINDS = {
    "torch.nn.modules.conv": "conv",
    "torch.nn.modules.batchnorm": "norm",
    "torch.nn.modules.instancenorm": "norm",
    "torch.nn.modules.normalization": "norm",
    "torch.nn.modules.activation": "activation",
    "torch.nn.modules.pooling": "pooling",
    "torch.nn.modules.linear": "linear",
}
_UNRECORDED = (nn.Identity, nn.MultiheadAttention)


class Accumulator(Protocol):
    """Sums over the images of one layer's representations, of which none needs to be kept."""

    def update(self, rows: Tensor, start: int, scratch: dict[torch.dtype, Tensor]) -> None:
        """Take in [sets, images, coordinates]; `start` is the first image's number.

        `scratch` holds buffers that all layers share.
        """

    def add(self, other: Any) -> None:
        """Take in the sums over further images."""


Factory = Callable[[Tensor, int], Accumulator]
"""From the first rows [sets, images, coordinates], and the number of images, to their sums."""

Choice = Callable[[str, str, bool], Mapping[str, Factory]]
"""From a layer's name and kind, and whether it is the last, to what is summed there, by name."""


class Recording:
    """The layer outputs f_k(x) of sets of images, [sets, P, size of f_k], added up batch by batch.

    `layers` has by layer what was added up of it, by name; `kinds` all layers met (conv, norm,
    activation, pooling, linear, output), in execution order; `at_once` how many images passed
    together at most. No layer output is kept.
    """

    def __init__(
        self,
        network: nn.Module,
        sets: int,
        images: int,
        choose: Choice,
        mean: bool,
        functions: bool = False,
    ):
        self.layers: dict[str, dict[str, Accumulator]] = {}
        self.kinds: dict[str, str] = {}
        self.at_once = 0
        self._network, self._sets, self._images = network, sets, images
        self._choose, self._channel_mean = choose, mean
        self._calls: Counter[str] = Counter()
        self._channels_last: dict[str, bool] = {}
        self._scratch: dict[torch.dtype, Tensor] = {}
        # The last layer's name, kind and output, whose version tells of changes in place.
        self._last: tuple[str, str, Tensor, int | None] | None = None
        self._start = self._passing = 0  # the first image of a batch; images that pass at once
        # Of a batch that passes in pieces: what is summed of each layer, and its pieces so far.
        self._pieces: dict[tuple[str, ...], tuple[Mapping[str, Factory], list[Tensor]]] = {}
        self._in_pieces = False
        self._functions = LayerCalls(network, _kind, self._meet) if functions else None

    def pass_images(self, sets: Sequence[Tensor], start: int, batch_size: int, most: int) -> None:
        """Pass the images of all sets, whose first has the number `start`, through the network.

        A batch is the images of `batch_size` numbers of all sets; those of as many sets pass
        together as make `most` images.
        """
        place = next(self._network.parameters(), sets[0])
        with torch.no_grad(), self._hooked():
            self._start = start
            for batch in zip(*(each.split(batch_size) for each in sets), strict=True):
                together = max(1, most // len(batch[0]))
                self._in_pieces = together < len(batch)
                for first in range(0, len(batch), together):
                    piece = batch[first : first + together]
                    self._calls.clear()
                    self._last = None
                    stacked = torch.cat(piece).to(place.device, place.dtype)
                    self._passing = len(stacked)
                    self.at_once = max(self.at_once, len(stacked))
                    if self._functions:
                        self._functions.images = len(stacked)
                    self._finish_pass(self._network(stacked))
                self._sum_pieces()
                self._start += len(batch[0])

    def add(self, other: "Recording") -> None:
        """Take in what was recorded of further images."""
        for layer, accumulators in self.layers.items():
            for name, accumulator in accumulators.items():
                accumulator.add(other.layers[layer][name])

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        handles = []
        with self._functions.watched() if self._functions else nullcontext():
            try:
                for name, module in self._network.named_modules():
                    if (kind := _kind(module)) is not None:
                        handles.append(module.register_forward_hook(self._hook(name, kind)))
                yield
            finally:
                for handle in handles:
                    handle.remove()

    def _hook(self, name: str, kind: str) -> Callable[[nn.Module, tuple[Any, ...], object], None]:
        def record(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
            if isinstance(output, Tensor) and not self._is_met(name, output):
                own = self._functions.kinds.get(name, kind) if self._functions else kind
                self._meet(name, own, output, inputs)

        return record

    def _is_met(self, name: str, output: Tensor) -> bool:
        """Whether a module gives what the last function or module in it gave."""
        if self._functions is None or self._last is None:
            return False
        return self._last[0].startswith(f"{name}.") and _same(output, *self._last[2:])

    def _meet(self, name: str, kind: str, output: Tensor, inputs: tuple[Any, ...]) -> None:
        # A hook runs in whatever mode the network runs in; the sums belong to none.
        unwatched = self._functions.paused() if self._functions else nullcontext()
        with unwatched, torch.inference_mode(False), torch.no_grad():
            calls = self._calls[name]
            self._calls[name] += 1
            layer = f"{name}:{calls}" if calls else name
            if kind == "activation" and self._last is not None and self._last[1] == SUM:
                before, _, summed, _ = self._last
                if any(each is summed for each in inputs):
                    self.kinds[before] = PREACTIVATION
            self.kinds[layer] = kind
            self._sum(layer, output, self._choose(layer, kind, False))
            self._last = layer, kind, output, _version(output)

    def _finish_pass(self, output: object) -> None:
        """Sum what is only summed of the last layer, which is known now; or of the output."""
        if not isinstance(output, Tensor):
            raise UserError(f"the network must return one tensor, not {type(output).__name__}")
        if self._last is not None and _same(output, *self._last[2:]):
            layer, kind, recorded, _ = self._last
            summed = self._choose(layer, kind, False)
            wanted = self._choose(layer, kind, True)
            self._sum(layer, recorded, {n: wanted[n] for n in wanted if n not in summed})
        else:
            self.kinds["output"] = "output"
            self._sum("output", output, self._choose("output", "output", True))
        self._last = None

    def _sum(self, layer: str, activation: Tensor, wanted: Mapping[str, Factory]) -> None:
        if not wanted:
            return
        rows = self._rows(layer, activation)
        if self._in_pieces:
            # A layer that works in place may change it before the batch is through.
            self._pieces.setdefault((layer, *wanted), (wanted, []))[1].append(rows.clone())
        else:
            self._update(layer, rows, wanted)

    def _sum_pieces(self) -> None:
        for (layer, *_), (wanted, pieces) in self._pieces.items():
            self._update(layer, torch.cat(pieces), wanted)
        self._pieces.clear()

    def _update(self, layer: str, rows: Tensor, wanted: Mapping[str, Factory]) -> None:
        """Sum [images of all sets, coordinates]."""
        rows = rows.view(self._sets, len(rows) // self._sets, -1)
        sums = self.layers.setdefault(layer, {})
        for name, factory in wanted.items():
            if name not in sums:
                sums[name] = factory(rows, self._images)
            sums[name].update(rows, self._start, self._scratch)

    def _rows(self, layer: str, activation: Tensor) -> Tensor:
        """Return `activation` as [images, coordinates], without a copy where possible."""
        if activation.ndim < 1 or len(activation) != self._passing:
            raise UserError(
                f"layer {layer!r} returns shape {tuple(activation.shape)} for {self._passing}"
                " images: the first dimension must be the images"
            )
        if self._channel_mean and activation.ndim > 2:
            activation = activation.mean(1)
        # The order of coordinates is free as long as it stays the same.
        if self._channels_last.setdefault(layer, _is_channels_last(activation)):
            activation = activation.permute(0, 2, 3, 1)
        return activation.reshape(len(activation), -1)


def record(
    network: nn.Module,
    sets: Sequence[Tensor],
    choose: Choice,
    *,
    batch_size: int | None,
    channel_mean: bool = False,
    batch_statistics: bool = False,
    functions: bool = False,
) -> Recording:
    """Return sums over images of the layer outputs f_k(x), flattened to [sets, P, size of f_k].

    `sets`: images [P, C, ...] and changed copies of them, tensors of one shape; outputs of the
    images of one number are added up together. `choose` says what is added up of which layer. The
    network is in evaluation mode: no dropout, batch norm by its running statistics.
    `batch_statistics`: batch norm by the mean and variance of each set instead; the images of three
    sets pass at once, and of more sets outputs are kept until all have passed. `channel_mean`:
    outputs [P, channels, ...] are averaged over their channels first. There is no augmentation:
    images pass as they are given, three times `batch_size` at once at most, of however many sets;
    None leaves the number to `at_once`. On a CPU each of torch's threads takes its part of the
    images through the whole network: the many short sums would not share out. `functions`: what is
    computed by functions is recorded too (`layer_calls`). Raises UserError for a network that does
    not keep the images apart or does not return one tensor.
    """
    sets = [usual(each) for each in sets]
    images = len(sets[0])
    whole = batch_statistics and has_batch_norms(network)
    place = next(network.parameters(), sets[0])

    def part_of(network: nn.Module, start: int) -> Recording:
        part = [each[start : start + share] for each in sets]
        recording = Recording(network, len(sets), images, choose, channel_mean, functions)
        recording.pass_images(part, start, together, most)
        return recording

    with torch.inference_mode(False), evaluating(network):
        if whole:
            (network,) = _sharing_weights(network, 1)
            networks = [with_batch_statistics(network, images)]
            together, most = images, 3 * images
        else:
            most = 3 * (batch_size or at_once.batch_size(network, sets[0]))
            together = max(1, most // len(sets))
            threads = min(at_once.threads(place.device), math.ceil(images / together))
            networks = _sharing_weights(network, threads)
        # Batches are as equal as they can be, and so are the threads' numbers of them.
        each = math.ceil(images / together / len(networks))
        together = math.ceil(images / each / len(networks))
        share = each * together
        first, *others = _in_threads(part_of, networks, range(0, images, share))
    for other in others:
        first.add(other)
    return first


def _sharing_weights(network: nn.Module, count: int) -> list[nn.Module]:
    """Return `count` networks of one set of weights, or `network` alone if it cannot be copied.

    Each has modules of its own, for hooks and whatever they keep of a call.
    """
    shared = {id(each): usual(each) for each in (*network.parameters(), *network.buffers())}
    for each in network.modules():
        weight = each._parameters.get("weight") if type(each) is nn.Conv2d else None
        if weight is not None:
            shared[id(weight)] = _channels_last(shared[id(weight)])
    try:
        return [copied(network, shared) for _ in range(count)]
    except UserError:  # one thread measures it as well
        return [network]


def _channels_last(weight: Tensor) -> Tensor:
    """Return filters in the layout in which a CPU convolves faster; a GPU keeps its own."""
    if weight.device.type != "cpu":
        return weight
    return nn.Parameter(weight.detach().contiguous(memory_format=torch.channels_last))


def _in_threads(
    part_of: Callable[[nn.Module, int], Recording],
    networks: Sequence[nn.Module],
    starts: Sequence[int],
) -> list[Recording]:
    """Return what is recorded of each part, each in a thread of its own."""
    if len(starts) == 1:
        return [part_of(networks[0], starts[0])]
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(len(starts), "measure", torch.set_num_threads, (1,)) as pool:
            return list(pool.map(part_of, networks, starts))
    finally:
        torch.set_num_threads(threads)  # threads to come start with what was set last


def _kind(module: nn.Module) -> str | None:
    if isinstance(module, _UNRECORDED):
        return None
    kinds = (_KINDS.get(parent.__module__) for parent in type(module).__mro__)
    return next((kind for kind in kinds if kind), None)


def _is_channels_last(activation: Tensor) -> bool:
    return (
        activation.ndim == 4
        and not activation.is_contiguous()
        and activation.is_contiguous(memory_format=torch.channels_last)
    )


def _version(tensor: Tensor) -> int | None:
    """Return how often a tensor was changed in place; None of one in inference mode: not told."""
    return None if tensor.is_inference() else tensor._version


def _same(output: Tensor, recorded: Tensor, version: int | None) -> bool:
    """Whether `output` is the recorded tensor or a view of all of it, unchanged since."""
    if version is None or _version(output) != version:
        return False
    same_place = output.data_ptr() == recorded.data_ptr()
    return same_place and output.numel() == recorded.numel()
