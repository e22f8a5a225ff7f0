"""D, G and R of a network as it is: trained, with its channels shuffled, and made anew."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from pandas import DataFrame, concat
from torch import Tensor, nn

from cnn_sensitivity import perturbations
from cnn_sensitivity.base import own_code
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.batch_statistics import has_batch_norms
from cnn_sensitivity.measures.layer_choice import Layers
from cnn_sensitivity.measures.sensitivity import Sensitivity
from cnn_sensitivity.networks import independence, shuffle_channels
from cnn_sensitivity.networks.channel_shuffle import has_convolutions
from cnn_sensitivity.probe.images import FEWEST
from cnn_sensitivity.probe.memory import budget, bytes_an_image
from cnn_sensitivity.probe.subject import Subject
from cnn_sensitivity.probe.unreached import unreached

Advance = Callable[[int, int], None]
"""Told how many images have passed a network, and how many will have in all."""

_MOST_AT_ONCE = {"cpu": 8, "cuda": 128}  # few stay in a processor's cache
_WITH_OUTPUT = ("all", "activations", "output")
_WHAT = {("trained", "shuffled"): "shuffled", ("initial", "original"): "freshly initialised"}


def perturbed(
    images: Tensor, displacement: float = 1.0, cutoff: int = 3, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Return images [P, C, n, n] deformed, and under noise of the same norm, each with its own.

    `displacement` in pixels; all draws follow from `seed`. Raises UserError for a displacement that
    is not positive, and as `perturbations.deform`.
    """
    if not displacement > 0:
        raise UserError(f"--displacement must be a positive number of pixels, not {displacement}")

    def generator(purpose: str) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed("probe", purpose, seed))

    deformed = perturbations.deform(images, displacement, cutoff, generator("deformation"))
    return deformed, images + perturbations.matched_noise(images, deformed, generator("noise"))


def measure(
    subject: Subject,
    deformed: Tensor,
    noisy: Tensor,
    *,
    displacement: float = 1.0,
    further: Mapping[float, tuple[Tensor, Tensor]] | None = None,
    layers: Layers = "activations",
    only_trained: bool = False,
    memory: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    advance: Advance | None = None,
    keep: Callable[[DataFrame], object] | None = None,
    notes: list[str] | None = None,
) -> DataFrame:
    """Return D, G, R of the layers and of the output: one row a network, displacement and layer.

    The columns of `sensitivity.measure` stand after network, state (trained or initial), wiring
    (original or shuffled), batch_norm, displacement and average. All rows are means over images;
    the output of the trained and of the initial network has a second one, of medians, from the same
    pass. `further` has the changed images of other displacements, which pass with the same clean
    ones. A network without convolutions has no shuffled copy. The initial one is measured with
    batch norm on the measured images, on as many of them as pass at once in `memory` (in GB; by
    default half of what is free). What cannot be copied or made anew is left out: `notes` takes a
    sentence on each. `keep` is given the rows so far after each network, `advance` told of images
    as they pass. Raises UserError for a network that cannot take the images, that is random or
    mixes images (`independence.check`), and as `sensitivity.measure`.
    """
    images = subject.images.normalized().to(device)
    sets = {displacement: (deformed, noisy), **(further or {})}
    changed = {at: tuple(each.to(device) for each in pair) for at, pair in sets.items()}
    passing = 1 + 2 * len(changed)
    notes = [] if notes is None else notes
    trained = subject.trained.to(device)
    with named_failures(subject, images):
        independence.check(trained, images, subject.label or subject.name)
        if not only_trained:
            notes += unreached(trained, images[:2])
        fitting = budget(memory, images.device) // (passing * bytes_an_image(trained, images))
    variants = _variants(subject, seed, only_trained)
    count_passed = _Counter(passing * len(variants) * len(images), advance)
    tables: list[DataFrame] = []
    for columns, make in variants:
        try:
            network = make().to(device)
            whole = columns["batch_norm"] == "batch" and has_batch_norms(network)
            count = min(len(images), fitting) if whole else len(images)
            if count < FEWEST:
                raise UserError(f"the memory holds {count} images at once, of {FEWEST} at least")
            cut = {at: tuple(each[:count] for each in pair) for at, pair in changed.items()}
            most = _MOST_AT_ONCE.get(images.device.type, 8)
            at_once = max(1, min(most, fitting // torch.get_num_threads()))
            with named_failures(subject, images), count_passed.of(network):
                rows = _rows(subject, network, images[:count], cut, columns, layers, at_once)
        except UserError as error:
            if not tables:
                raise
            what = _WHAT[columns["state"], columns["wiring"]]
            notes.append(f"there is no {what} network: {error}")
            continue
        tables.append(rows)
        if count < len(images):
            notes.append(
                f"the freshly initialised network is measured on the first {count} images: no more"
                " pass at once in the memory that --memory allows"
            )
        if keep is not None:
            keep(concat(tables, ignore_index=True))
    return concat(tables, ignore_index=True)


def _rows(
    subject: Subject,
    network: nn.Module,
    images: Tensor,
    changed: Mapping[float, tuple[Tensor, ...]],
    columns: Mapping[str, str],
    layers: Layers,
    batch_size: int,
) -> DataFrame:
    """Return the rows of one network: each average, displacement and layer, of one pass."""
    wanted: list[tuple[str, Layers]] = [("mean", layers)]
    if layers not in _WITH_OUTPUT:
        wanted.append(("mean", "output"))
    if columns["wiring"] == "original":
        wanted.append(("median", "output"))
    asked = [
        (displacement, Sensitivity(deformed, noisy, average, chosen))
        for average, chosen in wanted
        for displacement, (deformed, noisy) in changed.items()
    ]
    measured = measure_all(
        network,
        images,
        [request for _, request in asked],
        batch_size=batch_size,
        batch_statistics=columns["batch_norm"] == "batch",
        functions=subject.functions,
    )
    tables = []
    for (displacement, request), table in zip(asked, measured, strict=True):
        described: dict[str, Any] = {"network": subject.label or subject.name, **columns}
        described |= {"displacement": displacement, "average": request.average}
        tables.append(table.assign(**described)[[*described, *table.columns]])
    return concat(tables).drop_duplicates(["displacement", "average", "layer"])


def _variants(
    subject: Subject, seed: int, only_trained: bool
) -> list[tuple[dict[str, str], Callable[[], nn.Module]]]:
    """Return the columns of each network that is measured, and how it is made."""
    trained = {"state": "trained", "wiring": "original", "batch_norm": "running"}
    found: list[tuple[dict[str, str], Callable[[], nn.Module]]] = [
        (trained, lambda: subject.trained)
    ]
    if only_trained:
        return found
    if has_convolutions(subject.trained):
        identity = ("probe", "channel shuffle", subject.name, seed)
        shuffled = {**trained, "wiring": "shuffled"}
        found.append((shuffled, lambda: shuffle_channels(subject.trained, *identity)))
    return [*found, ({**trained, "state": "initial", "batch_norm": "batch"}, subject.fresh)]


@contextmanager
def named_failures(subject: Subject, images: Tensor) -> Iterator[None]:
    """Say of an error in a network whose it is, and where it arose."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        what = f"it cannot take images of shape {list(images.shape[1:])}"
        raise own_code.failure("network", subject.name, what, error) from error


class _Counter:
    """Counts the images that pass."""

    def __init__(self, total: int, advance: Advance | None) -> None:
        self._done, self._total, self._advance = 0, total, advance

    @contextmanager
    def of(self, network: nn.Module) -> Iterator[None]:
        """Count those that pass a network, unless it is TorchScript, which takes no hooks."""
        if self._advance is None or isinstance(network, torch.jit.ScriptModule):
            yield
            return

        def count(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:  # a copy shares a function
            self._count(len(inputs[0]))

        handle = network.register_forward_pre_hook(count)
        try:
            yield
        finally:
            handle.remove()

    def _count(self, images: int) -> None:
        self._done += images
        assert self._advance is not None
        self._advance(self._done, self._total)
