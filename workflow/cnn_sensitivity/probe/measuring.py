"""D, G and R of a network as it is: trained, with its channels shuffled, and made anew."""

from collections.abc import Callable, Iterator

import torch
from pandas import DataFrame, concat
from torch import Tensor, nn

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.sensitivity import Sensitivity
from cnn_sensitivity.networks import own_failure, shuffle_channels
from cnn_sensitivity.networks.channel_shuffle import has_convolutions
from cnn_sensitivity.probe.subject import Subject

SETS = 3  # clean, deformed, noisy
Advance = Callable[[int, int], None]
"""Told how many images have passed a network, and how many will have in all."""


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
    only_trained: bool = False,
    seed: int = 0,
    advance: Advance | None = None,
) -> DataFrame:
    """Return D, G, R of the activations and the output: one row a network and layer.

    The columns of `sensitivity.measure` stand after network, state (trained or initial), wiring
    (original or shuffled), batch_norm and average. All rows are means over images; the output of
    the trained and of the initial network has a second one, of medians, from the same pass. A
    network without convolutions has no shuffled copy. The initial one is measured with batch norm
    on the measured images. `advance` is told of images as they pass. Raises UserError for a network
    that cannot take the images, and as `sensitivity.measure`.
    """
    images = subject.images.normalized()
    whole = Sensitivity(deformed, noisy, layers="activations")
    output = Sensitivity(deformed, noisy, "median", layers="output")
    networks = list(_networks(subject, seed, only_trained))
    total = SETS * len(networks) * len(images)
    done, tables = 0, []

    def count(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal done
        done += len(inputs[0])
        if advance is not None:
            advance(done, total)

    for columns, network in networks:
        requests = [whole, output] if columns["wiring"] == "original" else [whole]
        handle = network.register_forward_pre_hook(count)
        try:
            measured = measure_all(
                network, images, requests, batch_statistics=columns["batch_norm"] == "batch"
            )
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            shape = list(images.shape[1:])
            what = f"it cannot take images of shape {shape}"
            raise own_failure(subject.name, what, error) from error
        finally:
            handle.remove()
        for request, table in zip(requests, measured, strict=True):
            described = {"network": subject.name, **columns, "average": request.average}
            tables.append(table.assign(**described)[[*described, *table.columns]])
    return concat(tables, ignore_index=True)


def _networks(
    subject: Subject, seed: int, only_trained: bool
) -> Iterator[tuple[dict[str, str], nn.Module]]:
    trained = {"state": "trained", "wiring": "original", "batch_norm": "running"}
    yield trained, subject.trained
    if only_trained:
        return
    if has_convolutions(subject.trained):
        shuffled = shuffle_channels(subject.trained, "probe", "channel shuffle", subject.name, seed)
        yield {**trained, "wiring": "shuffled"}, shuffled
    yield {**trained, "state": "initial", "batch_norm": "batch"}, subject.fresh()
