"""The images themselves as a representation, f(x) = x: how far each perturbation moves them."""

from pandas import DataFrame, concat
from torch import nn

from cnn_sensitivity.config import MeasurementSettings
from cnn_sensitivity.measures.base import measure_all
from cnn_sensitivity.measures.sensitivity import Sensitivity
from cnn_sensitivity.measures.stimuli import description, perturbed_images, together
from cnn_sensitivity.tasks.store import Dataset


def identity_table(
    dataset: Dataset, experiment: str, settings: MeasurementSettings, noise: float = 0.0
) -> DataFrame:
    """Return a row for each measurement of an experiment: D, G and R of f(x) = x.

    The images and their perturbations are those on which the experiment's networks are measured.
    """
    chosen = {
        name: each for name, each in settings.measurements.items() if each.quantity == "sensitivity"
    }
    rows = []
    for group in together(chosen):
        stimuli = perturbed_images(dataset, experiment, noise, settings, group)
        images = next(iter(stimuli.values()))["images"]
        measures = [Sensitivity.of(each, stimuli[name]) for name, each in group.items()]
        tables = measure_all(nn.Identity(), images, measures)
        for (name, measurement), table in zip(group.items(), tables, strict=True):
            described = {"experiment": experiment, **description(name, measurement)}
            rows.append(table.assign(**described, input_size=images.shape[-1]))
    return concat(rows, ignore_index=True)
