"""What networks are shown: test images, and the same deformed and under noise."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.measures import cosine_distance
from cnn_sensitivity.measures.sensitivity import Request
from cnn_sensitivity.perturbations.corruption import corrupt
from cnn_sensitivity.tasks.store import Dataset, normalize

Named = Mapping[str, Measurement]
AnyRequest = Request | cosine_distance.Request


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
