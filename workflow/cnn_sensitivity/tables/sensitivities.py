"""The sensitivities of the networks of a checkpoint: trained and not, original and shuffled."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from pandas import DataFrame, concat
from torch import Tensor, nn

from cnn_sensitivity import cosine_distance, perturbations, sensitivity
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.datasets.corruption import corrupt
from cnn_sensitivity.datasets.store import Dataset, normalize, seen_by
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.networks.channel_shuffle import has_convolutions, shuffle_channels
from cnn_sensitivity.seeds import derive_seed
from cnn_sensitivity.sensitivity import Request
from cnn_sensitivity.tables.runs import run_columns
from cnn_sensitivity.training.checkpoint import Checkpoint
from cnn_sensitivity.training.loop import build_network

Named = Mapping[str, Measurement]
AnyRequest = Request | cosine_distance.Request


def sensitivity_tables(
    checkpoint: Checkpoint, dataset: Dataset, settings: MeasurementSettings, device: str = "cpu"
) -> dict[str, DataFrame]:
    """Return for each measurement, by name, its quantity of each layer: seeds x states x wirings.

    All networks of an experiment see the same images, deformations and noise, so that their
    differences are not the perturbations'. Measurements on the same images pass these through a
    network once, and so do measurements under the same perturbation with the changed images.
    Raises UserError if the data set is not the one that the checkpoint was trained on, or has too
    few test images.
    """
    if dataset.checksum != checkpoint.metadata["dataset"]["checksum"]:
        raise UserError(
            f"{checkpoint.path}: trained on other images than those of {dataset.title};"
            " delete it and run again to train anew"
        )
    training = checkpoint.settings
    dataset = seen_by(dataset, training.network)
    tables: dict[str, list[DataFrame]] = {name: [] for name in settings.measurements}
    for measurements in on_the_same_images(settings.measurements):
        images, requests = perturbed_images(
            dataset, training.experiment, training.noise, settings, measurements
        )
        images = images.to(device)
        requests = _on_device(requests, device)
        for columns, network in _networks(checkpoint, dataset, settings, measurements):
            measured = sensitivity.measure_all(
                network.to(device),
                images,
                requests,
                channel_mean=settings.one_dimensional,
                batch_statistics=columns["batch_norm"] == "batch",
            )
            for (name, measurement), table in zip(measurements.items(), measured, strict=True):
                described = {**columns, **description(name, measurement)}
                names = list(table)
                table = table.assign(**described, input_size=images.shape[-1], scale=settings.scale)
                first = [*described, "input_size", "scale"]
                tables[name].append(table[[*first, *names]])
    return {name: concat(parts, ignore_index=True) for name, parts in tables.items()}


def on_the_same_images(measurements: Named) -> list[Named]:
    """Return the measurements in groups that measure the same networks on the same images."""
    groups: dict[tuple, dict[str, Measurement]] = defaultdict(dict)
    for name, each in measurements.items():
        networks = each.weights, each.batch_norm, each.shuffles, each.initializations
        groups[each.images, networks][name] = each
    return list(groups.values())


def description(name: str, measurement: Measurement) -> dict[str, str]:
    """Return the columns that say which measurement a table is of."""
    perturbation = measurement.perturbation
    assert perturbation is not None  # the plan has filled it in
    return {
        "measurement": name,
        "perturbation": json.dumps(perturbation.model_dump(), sort_keys=True),
        "average": measurement.average,
        "weights": measurement.weights or "last",
    }


def perturbed_images(
    dataset: Dataset,
    experiment: str,
    training_noise: float,
    settings: MeasurementSettings,
    measurements: Named,
) -> tuple[Tensor, list[AnyRequest]]:
    """Return test images [P, C, ...], and for each measurement the same deformed and under noise.

    A network that was trained on noisy images is measured on noisy images (T22 [code]). What two
    measurements share is one tensor.
    """
    count = next(iter(measurements.values())).images
    there_are = len(dataset.test.images)
    if count > there_are:
        raise UserError(
            f"measurements.{next(iter(measurements))}.images {count}:"
            f" {dataset.title} has {there_are} test images"
        )

    def generator(*purpose: str | float) -> torch.Generator:
        identity = (settings.root_seed, experiment, *purpose)
        return torch.Generator().manual_seed(derive_seed(*identity))

    chosen = torch.randperm(there_are, generator=generator("measured images"))[:count]
    images = normalize(dataset.test.images[chosen], dataset.mean, dataset.std)
    images = corrupt(images, training_noise, generator("measured noise", training_noise))
    changed: dict[tuple, tuple[Tensor, Tensor]] = {}
    for measurement in measurements.values():
        key = measurement.perturbation, measurement.noise_norm
        if key not in changed:
            changed[key] = _changed(images, settings, measurement, generator)
    requests = [
        _request(each, *changed[each.perturbation, each.noise_norm])
        for each in measurements.values()
    ]
    return images, requests


def _request(measurement: Measurement, deformed: Tensor, noisy: Tensor) -> AnyRequest:
    if measurement.quantity == "cosine_distance":
        return cosine_distance.Request(deformed, measurement.layers)
    return Request(deformed, noisy, measurement.average, measurement.layers)


def _changed(
    images: Tensor,
    settings: MeasurementSettings,
    measurement: Measurement,
    generator: Callable[[str], torch.Generator],
) -> tuple[Tensor, Tensor]:
    """Return the images deformed, and under noise of the same size."""
    assert measurement.perturbation is not None  # the plan has filled it in
    deformed = perturbations.perturb(images, measurement.perturbation, generator("deformation"))
    noise = perturbations.matched_noise(
        images,
        deformed,
        generator("noise"),
        rectify=settings.one_dimensional,
        norm="variance" if settings.one_dimensional else measurement.noise_norm,
    )
    return deformed, images + noise


def _on_device(requests: list[AnyRequest], device: str) -> list[AnyRequest]:
    """Return the requests with their tensors on a device, those that are shared moved once."""
    moved = {id(each): each.to(device) for request in requests for each in request.changed}
    return [
        replace(request, deformed=moved[id(request.deformed)])
        if isinstance(request, cosine_distance.Request)
        else replace(request, deformed=moved[id(request.deformed)], noisy=moved[id(request.noisy)])
        for request in requests
    ]


def _networks(
    checkpoint: Checkpoint, dataset: Dataset, settings: MeasurementSettings, measurements: Named
) -> Iterator[tuple[dict[str, Any], nn.Module]]:
    """Yield each network under the columns that describe it.

    `draw` counts the fresh networks of a seed, from the one that was trained, 0, and its shuffles,
    which depend on the seed and on this number alone. Of kept epochs only the original wiring is
    there, with their own test error.
    """
    first = next(iter(measurements.values()))
    weights = first.weights or "last"
    description = {"settings": checkpoint.settings.model_dump(), **checkpoint.metadata}
    for seed in checkpoint.seeds:
        trained = {**run_columns(description, seed, weights), "state": "trained"}
        trained |= {"wiring": "original", "draw": 0, "batch_norm": "running"}
        initial = {**trained, "state": "initial", "batch_norm": first.batch_norm}
        yield initial, checkpoint.network(seed, "initial")
        for draw in range(1, first.initializations):
            with torch.random.fork_rng(devices=[]):
                fresh = build_network(checkpoint.settings, dataset, seed, draw)
            yield {**initial, "draw": draw}, fresh
        for state, error in checkpoint.record(seed).get("kept_test_errors", {}).items():
            kept = {**trained, "test_error": error, "state": state}
            yield kept, checkpoint.network(seed, state)
        network = checkpoint.network(seed, weights)
        yield trained, network
        for draw in range(first.shuffles if has_convolutions(network) else 0):
            identity = (settings.root_seed, "channel shuffle", checkpoint.settings.experiment, seed)
            further = (draw,) if draw else ()
            generator = torch.Generator().manual_seed(derive_seed(*identity, *further))
            shuffled = shuffle_channels(network, generator)
            yield {**trained, "wiring": "shuffled", "draw": draw}, shuffled
