"""D, G and R of a network as it is: trained, with its channels shuffled, and made anew."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from pandas import DataFrame, concat
from torch import Tensor, nn

from cnn_sensitivity.base import own_code
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures.at_once import bytes_an_image, fastest, threads
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.batch_statistics import has_batch_norms
from cnn_sensitivity.measures.layer_choice import Layers
from cnn_sensitivity.measures.sensitivity import Sensitivity
from cnn_sensitivity.networks import independence, shuffle_channels
from cnn_sensitivity.networks.channel_shuffle import has_convolutions
from cnn_sensitivity.probe.images import FEWEST
from cnn_sensitivity.probe.memory import budget
from cnn_sensitivity.probe.perturbing import Changed
from cnn_sensitivity.probe.subject import Subject
from cnn_sensitivity.probe.unreached import unreached

Advance = Callable[[int, int], None]
"""Told how many images have passed a network, and how many will have in all."""

_WITH_OUTPUT = ("all", "activations", "output")
_WHAT = {("trained", "shuffled"): "shuffled", ("initial", "original"): "freshly initialised"}


def measure(
    subject: Subject,
    changed: Sequence[Changed],
    *,
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

    `changed` holds the images at each displacement, which pass with the same unchanged ones. The
    columns of `sensitivity.measure` stand after network, state (trained or initial), wiring
    (original or shuffled), batch_norm, perturbation, displacement and average. All rows are means
    over images; the output of the trained and of the initial network has a second one, of medians,
    from the same pass. A network without convolutions has no shuffled copy. The initial one is
    measured with batch norm on the measured images, on as many of them as pass at once in `memory`
    (in GB; by default half of what is free). What cannot be copied or made anew is left out:
    `notes` takes a sentence on each. `keep` is given the rows so far after each network, `advance`
    told of images as they pass. Raises UserError for a network that cannot take the images, that is
    random or mixes images (`independence.check`), and as `sensitivity.measure`.
    """
    images = subject.images.normalized().to(device)
    changed = [
        each._replace(deformed=each.deformed.to(device), noisy=each.noisy.to(device))
        for each in changed
    ]
    notes = [] if notes is None else notes
    trained, passing = subject.trained.to(device), 1 + 2 * len(changed)
    with named_failures(subject, images):
        independence.check(trained, images, subject.title)
        if not only_trained:
            notes += unreached(trained, images[:2])
        each_takes = bytes_an_image(trained, images)
    fitting = budget(memory, images.device) // (passing * each_takes)
    at_once = fastest(each_takes, len(images), images.device)
    at_once = max(1, min(at_once, fitting // threads(images.device)))
    variants = _variants(subject, seed, only_trained)
    passed = _Counter(passing * len(variants) * len(images), advance)
    tables: list[DataFrame] = []
    for columns, make in variants:
        try:
            network = make().to(device)
            count = _count(network, columns, len(images), fitting)
            with named_failures(subject, images), passed.of(network):
                rows = _rows(subject, network, images[:count], changed, columns, layers, at_once)
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


def _count(network: nn.Module, columns: Mapping[str, str], images: int, fitting: int) -> int:
    """Return how many of the images a network is measured on: under batch statistics what fits."""
    together = columns["batch_norm"] == "batch" and has_batch_norms(network)
    count = min(images, fitting) if together else images
    if count < FEWEST:
        raise UserError(f"the memory holds {count} images at once, of {FEWEST} at least")
    return count


def _rows(
    subject: Subject,
    network: nn.Module,
    images: Tensor,
    changed: Sequence[Changed],
    columns: Mapping[str, str],
    layers: Layers,
    at_once: int,
) -> DataFrame:
    """Return the rows of one network: each average, displacement and layer, of one pass.

    Of the changed images as many as `images` are taken; `at_once` of each three sets pass at once.
    """
    wanted: list[tuple[str, Layers]] = [("mean", layers)]
    if layers not in _WITH_OUTPUT:
        wanted.append(("mean", "output"))
    if columns["wiring"] == "original":
        wanted.append(("median", "output"))
    cut = [
        each._replace(deformed=each.deformed[: len(images)], noisy=each.noisy[: len(images)])
        for each in changed
    ]
    asked = [
        (each, Sensitivity(each.deformed, each.noisy, average, chosen))
        for average, chosen in wanted
        for each in cut
    ]
    measured = measure_all(
        network,
        images,
        [request for _, request in asked],
        batch_size=at_once,
        batch_statistics=columns["batch_norm"] == "batch",
        functions=subject.functions,
    )
    tables = []
    for (each, request), table in zip(asked, measured, strict=True):
        described: dict[str, Any] = {"network": subject.title, **columns}
        described |= {"perturbation": each.perturbation, "displacement": each.displacement}
        described["average"] = request.average
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
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # whatever a network raises
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
