"""The sensitivities of the networks of a checkpoint: trained and not, original and shuffled."""

from collections.abc import Iterator

import torch
from pandas import DataFrame, concat
from torch import Tensor, nn

from cnn_sensitivity import perturbations, sensitivity
from cnn_sensitivity.config import MeasurementSettings, TrainingSettings
from cnn_sensitivity.datasets.corruption import corrupt
from cnn_sensitivity.datasets.store import Dataset, normalize
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.networks import shuffle_channels
from cnn_sensitivity.seeds import derive_seed
from cnn_sensitivity.tables.runs import run_columns
from cnn_sensitivity.training.checkpoint import Checkpoint


def sensitivity_table(
    checkpoint: Checkpoint, dataset: Dataset, settings: MeasurementSettings, device: str = "cpu"
) -> DataFrame:
    """Return D, G, R of every layer: seeds x states x wirings, under the columns of the run.

    All networks of an experiment see the same images, deformations and noise, so that their
    differences are not the perturbations'. Raises UserError if the data set is not the one that
    the checkpoint was trained on, or has too few test images.
    """
    if dataset.checksum != checkpoint.metadata["dataset"]["checksum"]:
        raise UserError(
            f"{checkpoint.path}: trained on other images than those of {dataset.title};"
            " delete it and run again to train anew"
        )
    inputs = [each.to(device) for each in perturbed_images(dataset, checkpoint.settings, settings)]
    description = {"settings": checkpoint.settings.model_dump(), **checkpoint.metadata}
    tables = []
    for seed in checkpoint.seeds:
        columns = {
            **run_columns(description, seed, settings.measurement.weights),
            "input_size": inputs[0].shape[-1],
            "scale": settings.scale,
        }
        for state, wiring, network in _networks(checkpoint, settings, seed):
            table = sensitivity.measure(
                network.to(device),
                *inputs,
                average=settings.measurement.average,
                channel_mean=settings.perturbation == "pixels_1d",
            )
            names = list(table)
            table = table.assign(**columns, state=state, wiring=wiring)
            tables.append(table[[*columns, "state", "wiring", *names]])
    return concat(tables, ignore_index=True)


def perturbed_images(
    dataset: Dataset, training: TrainingSettings, settings: MeasurementSettings
) -> tuple[Tensor, Tensor, Tensor]:
    """Return test images, the same deformed, and the same under noise: [P, C, ...] each.

    A network that was trained on noisy images is measured on noisy images (T22 [code]).
    """
    count = settings.measurement.images
    there_are = len(dataset.test.images)
    if count > there_are:
        raise UserError(f"measurement.images {count}: {dataset.title} has {there_are} test images")

    def generator(*purpose: str | float) -> torch.Generator:
        identity = (settings.root_seed, training.experiment, *purpose)
        return torch.Generator().manual_seed(derive_seed(*identity))

    chosen = torch.randperm(there_are, generator=generator("measured images"))[:count]
    images = normalize(dataset.test.images[chosen], dataset.mean, dataset.std)
    images = corrupt(images, training.noise, generator("measured noise", training.noise))
    deformed = _deform(images, settings, generator("deformation"))
    noise = perturbations.matched_noise(
        images,
        deformed,
        generator("noise"),
        rectify=settings.perturbation == "pixels_1d",
        norm="variance"
        if settings.perturbation == "pixels_1d"
        else settings.measurement.noise_norm,
    )
    return images, deformed, images + noise


def _deform(images: Tensor, settings: MeasurementSettings, generator: torch.Generator) -> Tensor:
    match settings.perturbation:
        case "pixels_2d":
            return perturbations.move_pixels_2d(images, generator)
        case "pixels_1d":
            block = int(settings.scale or 0) if settings.in_blocks else None
            return perturbations.move_pixels_1d(images, generator, block=block)
        case "diffeomorphism":
            measurement = settings.measurement
            return perturbations.deform(
                images, measurement.displacement, measurement.cutoff, generator
            )


def _networks(
    checkpoint: Checkpoint, settings: MeasurementSettings, seed: int
) -> Iterator[tuple[str, str, nn.Module]]:
    """Yield (state, wiring, network); the shuffle of a seed is one draw for both states."""
    for state, stored in (("initial", "initial"), ("trained", settings.measurement.weights)):
        network = checkpoint.network(seed, stored)
        yield state, "original", network
        identity = (settings.root_seed, "channel shuffle", checkpoint.settings.experiment, seed)
        generator = torch.Generator().manual_seed(derive_seed(*identity))
        yield state, "shuffled", shuffle_channels(network, generator)
