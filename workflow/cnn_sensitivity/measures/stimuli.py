"""What networks are shown: test images, and the same deformed and under noise."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.measures.base import Stimuli, measure_class
from cnn_sensitivity.perturbations.corruption import corrupt
from cnn_sensitivity.tasks.store import Dataset, normalize

Named = Mapping[str, Measurement]


def together(measurements: Named) -> list[Named]:
    """Return the measurements in groups that are made of the same networks on the same images."""
    groups: dict[tuple, dict[str, Measurement]] = defaultdict(dict)
    for name, each in measurements.items():
        fresh = each.shuffles, each.initializations
        networks = each.weights, each.batch_norm, *fresh, each.of_ensemble
        needs_images = bool(measure_class(each.quantity).needs)
        shown = needs_images, each.images, each.channel_mean, bool(each.centred)
        groups[shown, networks][name] = each
    return list(groups.values())


def description(name: str, measurement: Measurement) -> dict[str, Any]:
    """Return the columns that say which measurement a row is of, its parameters among them."""
    chosen: dict[str, Any] = {"measurement": name}
    if measurement.perturbation is not None:
        parameters = measurement.perturbation.model_dump()
        chosen |= {"perturbation": parameters.pop("kind"), **parameters}
    for key in ("average", "noise_norm", "rectify", "channel_mean"):
        if key in measurement.takes:
            chosen[key] = getattr(measurement, key)
    return {**chosen, "weights": measurement.weights or "last"}


def perturbed_images(
    dataset: Dataset,
    drawn_for: str,
    training_noise: float,
    settings: MeasurementSettings,
    measurements: Named,
    before: nn.Module | None = None,
) -> dict[str, Stimuli]:
    """Return by measurement what it needs: test images [P, C, ...], the same deformed, and noisy.

    Nothing for one that needs no images. A network that was trained on noisy images is measured on
    noisy images (T22 [code]). What two measurements share is one tensor. `before` maps images to
    as many numbers, which are images too: it is these that are changed. `drawn_for`: whose draws
    these are, an experiment's or a data set's.
    """
    needs = {name: measure_class(each.quantity).needs for name, each in measurements.items()}
    if not any(needs.values()):
        return {name: {} for name in measurements}
    name, first = next(iter(measurements.items()))
    there_are = len(dataset.test.images)
    if first.images > there_are:
        raise UserError(
            f"measurements.{name}.images {first.images}:"
            f" {dataset.title} has {there_are} test images"
        )

    def generator(*purpose: str | float) -> torch.Generator:
        identity = (settings.root_seed, drawn_for, *purpose)
        return torch.Generator().manual_seed(derive_seed(*identity))

    chosen = torch.randperm(there_are, generator=generator("measured images"))[: first.images]
    images = normalize(dataset.test.images[chosen], dataset.mean, dataset.std)
    images = corrupt(images, training_noise, generator("measured noise", training_noise))
    if before is not None:
        images = before(images).reshape(images.shape)
    changes = _Changes(images, generator)
    stimuli: dict[str, Stimuli] = {}
    for name, each in measurements.items():
        make = {"images": lambda _: images, "deformed": changes.deformed, "noisy": changes.noisy}
        stimuli[name] = {kind: make[kind](each) for kind in dict.fromkeys(("images", *needs[name]))}
    return stimuli


class _Changes:
    """Changed copies of images, each made once."""

    def __init__(self, images: Tensor, generator: Callable[[str], torch.Generator]):
        self._images, self._generator = images, generator
        self._made: dict[tuple, Tensor] = {}

    def deformed(self, measurement: Measurement) -> Tensor:
        """Return the images deformed."""
        kind = measurement.perturbation
        assert kind is not None  # the plan has filled it in
        if (kind,) not in self._made:
            deformed = perturbations.perturb(self._images, kind, self._generator("deformation"))
            self._made[kind,] = deformed
        return self._made[kind,]

    def noisy(self, measurement: Measurement) -> Tensor:
        """Return the images under noise as large as their deformation."""
        norm, rectify = measurement.noise_norm or "per_image", bool(measurement.rectify)
        key = measurement.perturbation, norm, rectify
        if key not in self._made:
            self._made[key] = self._images + perturbations.matched_noise(
                self._images,
                self.deformed(measurement),
                self._generator("noise"),
                rectify=rectify,
                norm=norm,
            )
        return self._made[key]
