"""How strongly each layer of a network responds to deformations and to noise: D, G and R."""

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatchcase

import pandas
import torch
from torch import Tensor, nn

from cnn_sensitivity.errors import UserError
from cnn_sensitivity.layer_sums import LayerSums

COLUMNS = ["index", "layer", "kind", "depth", "D", "G", "R"] + [
    "D_numerator",
    "G_numerator",
    "denominator",
    "images",
    "flagged",
]

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


def measure(
    network: nn.Module,
    images: Tensor,
    deformed: Tensor,
    noisy: Tensor,
    *,
    batch_size: int = 8,
    layers: Sequence[str] | None = None,
    average: str = "mean",
    channel_mean: bool = False,
) -> pandas.DataFrame:
    """Return D, G and R of every layer of `network`, one row a layer in execution order.

    `images`, `deformed` (tau x) and `noisy` (x + eta) are [P, ...]. For a representation f,
    D = E||f(tau x) - f(x)||^2 / E||f(x1) - f(x2)||^2, G the same with x + eta, and R = D/G; the
    pair average runs over all P^2 pairs, equal ones included (T22, eq. 1).

    Rows: convolutions, norms, activations, poolings and linear layers (`name:1` is the second
    call of a module), and `output` if the network returns something else than the last of them.
    `layers`: names or patterns with * that restrict the rows; depths stay those of all layers.
    `average="median"` (P21): the numerators are sums over coordinates of the median over images
    (of an even number, the lower middle one), which keeps 2 x P x (size of the representation)
    numbers for each chosen layer; the mean keeps nothing that grows with P.
    `batch_size` images pass the network at once, each three times: few by default, so that their
    activations stay in a CPU's cache. On a CPU each of torch's threads takes its part of the
    images through the whole network: the many short sums would not share out. The result depends
    on both by rounding only.
    `channel_mean`: representations are averaged over their channels first (T22, one dimension).

    `flagged` is True with NaN for D, G and R where a representation is not finite or constant to
    within the rounding of its type, and with NaN for R where G is zero. Raises UserError for
    inputs of unequal shape, a pattern without a layer, and a network that does not keep the images
    apart.
    """
    _check(images, deformed, noisy, batch_size, average)
    place = next(network.parameters(), images)
    batches = math.ceil(len(images) / batch_size)
    threads = min(torch.get_num_threads(), batches) if place.device.type == "cpu" else 1

    def record(network: nn.Module, part: Sequence[Tensor]) -> _Recorder:
        recorder = _Recorder(network, len(part[0]), layers, average == "median", channel_mean)
        with torch.no_grad(), recorder.hooked():
            for batch in zip(*(each.split(batch_size) for each in part), strict=True):
                recorder.start_batch(len(batch[0]))
                stacked = torch.cat(batch).to(place.device, place.dtype)
                recorder.finish_batch(network(stacked))
        return recorder

    with _evaluating(network):
        networks = _sharing_weights(network, threads)
        share = batch_size * math.ceil(batches / len(networks))
        parts = list(zip(*(each.split(share) for each in (images, deformed, noisy)), strict=True))
        whole, *others = _in_threads(record, networks, parts)
    for other in others:
        whole.add(other)
    with torch.no_grad():
        return whole.table()


def _sharing_weights(network: nn.Module, count: int) -> list[nn.Module]:
    """Return `count` networks of one set of weights, or `network` alone if it cannot be copied.

    Each has modules of its own, for hooks and whatever they keep of a call.
    """
    shared = {id(each): each for each in (*network.parameters(), *network.buffers())}
    try:
        return [network, *(copy.deepcopy(network, dict(shared)) for _ in range(count - 1))]
    except Exception:  # what a module of the user's own may raise: one thread measures it as well
        return [network]


def _in_threads(
    record: Callable[[nn.Module, Sequence[Tensor]], "_Recorder"],
    networks: Sequence[nn.Module],
    parts: Sequence[Sequence[Tensor]],
) -> list["_Recorder"]:
    """Return what `record` makes of each part, each in a thread of its own."""
    if len(parts) == 1:
        return [record(networks[0], parts[0])]
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(len(parts), "measure", torch.set_num_threads, (1,)) as pool:
            return list(pool.map(record, networks, parts))
    finally:
        torch.set_num_threads(threads)  # threads to come start with what was set last


def _check(images: Tensor, deformed: Tensor, noisy: Tensor, batch_size: int, average: str) -> None:
    shapes = [tuple(each.shape) for each in (images, deformed, noisy)]
    if len(set(shapes)) > 1 or images.ndim < 2 or len(images) == 0:
        raise UserError(
            "images, deformed and noisy must have one shape [P, ...] with P > 0,"
            f" not {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    if batch_size < 1:
        raise UserError(f"batch_size must be at least 1, not {batch_size}")
    if average not in ("mean", "median"):
        raise UserError(f'average must be "mean" or "median", not {average!r}')


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and back into its own mode afterwards."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def _kind(module: nn.Module) -> str | None:
    if isinstance(module, _UNRECORDED):
        return None
    kinds = (_KINDS.get(parent.__module__) for parent in type(module).__mro__)
    return next((kind for kind in kinds if kind), None)


class _Recorder:
    """The hooks on a network's layers and the sums that they feed."""

    def __init__(
        self,
        network: nn.Module,
        images: int,
        patterns: Sequence[str] | None,
        keep: bool,
        channel_mean: bool,
    ) -> None:
        self.network, self.images, self.patterns = network, images, patterns
        self.keep, self.channel_mean = keep, channel_mean
        self.kinds: dict[str, str] = {}  # every layer met, in execution order
        self.sums: dict[str, LayerSums] = {}  # the chosen ones
        self.calls: Counter[str] = Counter()
        self.scratch: dict[torch.dtype, Tensor] = {}
        self.last: tuple[Tensor, int] | None = (
            None  # with its version, which in-place changes raise
        )
        self.start = self.count = 0  # of the batch's images: the first, and how many

    @contextmanager
    def hooked(self) -> Iterator[None]:
        handles = []
        try:
            for name, module in self.network.named_modules():
                if (kind := _kind(module)) is not None:
                    handles.append(module.register_forward_hook(self._hook(name, kind)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, name: str, kind: str) -> Callable[[nn.Module, object, object], None]:
        def record(module: nn.Module, inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                calls = self.calls[name]
                self.calls[name] += 1
                self._record(f"{name}:{calls}" if calls else name, kind, output)
                self.last = output, output._version

        return record

    def start_batch(self, count: int) -> None:
        self.start, self.count = self.start + self.count, count
        self.calls.clear()

    def finish_batch(self, output: object) -> None:
        if not isinstance(output, Tensor):
            raise UserError(f"the network must return one tensor, not {type(output).__name__}")
        if not _same(output, self.last):
            self._record("output", "output", output)
        self.last = None
        unmatched = [
            pattern
            for pattern in self.patterns or []
            if not any(fnmatchcase(layer, pattern) for layer in self.kinds)
        ]
        if unmatched:
            raise UserError(
                f"no layer is called {', '.join(map(repr, unmatched))};"
                f" the layers are {', '.join(self.kinds)}"
            )

    def _record(self, layer: str, kind: str, activation: Tensor) -> None:
        self.kinds[layer] = kind
        if self.patterns is not None and not any(fnmatchcase(layer, p) for p in self.patterns):
            return
        if activation.ndim < 1 or len(activation) != 3 * self.count:
            raise UserError(
                f"layer {layer!r} returns shape {tuple(activation.shape)} for {3 * self.count}"
                " images: the first dimension must be the images"
            )
        if self.channel_mean and activation.ndim > 2:
            activation = activation.mean(1)
        if layer not in self.sums:
            self.sums[layer] = LayerSums(activation, self.images, self.keep)
        self.sums[layer].update(activation, self.start, self.scratch)

    def add(self, other: "_Recorder") -> None:
        """Take in what was recorded of further images."""
        self.images += other.images
        for layer, sums in self.sums.items():
            sums.add(other.sums[layer])

    def table(self) -> pandas.DataFrame:
        values = torch.stack([sums.result() for sums in self.sums.values()]).tolist()
        results = dict(zip(self.sums, values, strict=True))
        last = max(len(self.kinds) - 1, 1)
        rows = [
            {"index": index, "layer": layer, "kind": kind, "depth": index / last}
            | _ratios(*results[layer])
            | {"images": self.images}
            for index, (layer, kind) in enumerate(self.kinds.items())
            if layer in results
        ]
        return pandas.DataFrame(rows, columns=COLUMNS)


def _same(output: Tensor, last: tuple[Tensor, int] | None) -> bool:
    """Whether `output` is the last recorded tensor or a view of all of it, unchanged since."""
    if last is None:
        return False
    recorded, version = last
    place, size = (recorded.data_ptr(), version), recorded.numel()
    return (output.data_ptr(), output._version) == place and output.numel() == size


def _ratios(deformation: float, noise: float, pairs: float, rounding: float) -> dict[str, float]:
    """Return D, G, R and their parts; NaN where there is nothing that they could measure."""
    finite = all(map(math.isfinite, (deformation, noise, pairs)))
    flagged = not finite or pairs <= rounding
    d, g = (math.nan, math.nan) if flagged else (deformation / pairs, noise / pairs)
    r = d / g if g > 0 else math.nan
    parts = {"D_numerator": deformation, "G_numerator": noise, "denominator": pairs}
    return {"D": d, "G": g, "R": r, "flagged": flagged or math.isnan(r)} | parts
