"""The sensitivities of the networks of a checkpoint: trained and not, original and shuffled."""

from dataclasses import replace

from pandas import DataFrame, concat

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import MeasurementSettings
from cnn_sensitivity.measures import cosine_distance, sensitivity
from cnn_sensitivity.measures.stimuli import (
    AnyRequest,
    description,
    on_the_same_images,
    perturbed_images,
)
from cnn_sensitivity.measures.subjects import subjects
from cnn_sensitivity.tasks.store import Dataset, seen_by


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
        for columns, network in subjects(checkpoint, dataset, settings, measurements):
            measured = sensitivity.measure_all(
                network.to(device),
                images,
                requests,
                channel_mean=settings.one_dimensional,
                batch_statistics=columns["batch_norm"] == "batch",
                functions=":" in training.network.name,  # of one's own
            )
            for (name, measurement), table in zip(measurements.items(), measured, strict=True):
                described = {**columns, **description(name, measurement)}
                names = list(table)
                table = table.assign(**described, input_size=images.shape[-1], scale=settings.scale)
                first = [*described, "input_size", "scale"]
                tables[name].append(table[[*first, *names]])
    return {name: concat(parts, ignore_index=True) for name, parts in tables.items()}


def _on_device(requests: list[AnyRequest], device: str) -> list[AnyRequest]:
    """Return the requests with their tensors on a device, those that are shared moved once."""
    moved = {id(each): each.to(device) for request in requests for each in request.changed}
    return [
        replace(request, deformed=moved[id(request.deformed)])
        if isinstance(request, cosine_distance.Request)
        else replace(request, deformed=moved[id(request.deformed)], noisy=moved[id(request.noisy)])
        for request in requests
    ]
