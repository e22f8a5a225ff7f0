"""The images themselves as a representation, f(x) = x: how far each perturbation moves them."""

from pandas import DataFrame, concat
from torch import nn

from cnn_sensitivity.config import MeasurementSettings
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.stimuli import description, on_the_same_images, perturbed_images
from cnn_sensitivity.tasks.store import Dataset


def identity_table(
    dataset: Dataset, experiment: str, settings: MeasurementSettings, noise: float = 0.0
) -> DataFrame:
    """Return a row for each measurement of an experiment: D, G and R of f(x) = x.

    The images and their perturbations are those on which the experiment's networks are measured.
    """
    rows = []
    for measurements in on_the_same_images(settings.measurements):
        images, requests = perturbed_images(dataset, experiment, noise, settings, measurements)
        tables = sensitivity.measure_all(nn.Identity(), images, requests)
        for (name, measurement), table in zip(measurements.items(), tables, strict=True):
            described = {"experiment": experiment, **description(name, measurement)}
            rows.append(table.assign(**described, input_size=images.shape[-1]))
    return concat(rows, ignore_index=True)
