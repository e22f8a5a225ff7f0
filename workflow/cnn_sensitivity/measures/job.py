"""All that is measured of the networks of a checkpoint: one long table, a row a number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from pandas import DataFrame
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints.checkpoint import Checkpoint
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.measures.base import Learned, Measure, Row, Seen, Stimuli, look, measure_class
from cnn_sensitivity.measures.stimuli import description, perturbed_images, together
from cnn_sensitivity.measures.subjects import subjects
from cnn_sensitivity.networks.representation import behind_centring, centring
from cnn_sensitivity.networks.training_sets import training_set
from cnn_sensitivity.tables.measurements import long_table
from cnn_sensitivity.tasks.points.signed import test_points
from cnn_sensitivity.tasks.store import Dataset, seen_by


def measured(
    checkpoint: Checkpoint,
    dataset: Dataset,
    settings: MeasurementSettings,
    device: str = "cpu",
    log: Callable[[str], object] = print,
) -> DataFrame:
    """Return the rows of each measurement in turn: seeds x states x wirings x layers x quantities.

    All networks of an experiment see the same images, deformations and noise, so that their
    differences are not the perturbations'; where images are centred first, all of a data set do,
    since engines are experiments of their own. Measurements on the same images pass these through a
    network once, and so do measurements under the same perturbation with the changed images. `log`
    is told how many pass at once, by which results differ in their rounding.
    Raises UserError if the data set is not the one that the checkpoint was trained on, or has too
    few test images.
    """
    if dataset.checksum != checkpoint.metadata["dataset"]["checksum"]:
        raise UserError(
            f"{checkpoint.path}: trained on other images than those of {dataset.title};"
            " delete it and run again to train anew"
        )
    training = checkpoint.settings
    own = ":" in training.network.name  # what it computes by functions has rows too
    dataset = seen_by(dataset, training.network)
    rows: dict[str, list[Row]] = {name: [] for name in settings.measurements}
    for group in together(settings.measurements):
        first = next(iter(group.values()))
        before = (
            centring(checkpoint.network(checkpoint.seeds[0], "last")) if first.centred else None
        )
        drawn_for = dataset.checksum if before else training.experiment
        made = perturbed_images(dataset, drawn_for, training.noise, settings, group, before)
        stimuli = _on_device(made, device)
        measures = [
            measure_class(each.quantity).of(each, stimuli[name]) for name, each in group.items()
        ]
        of_learned = any(measure.of_learned for measure in measures)
        test = test_points(dataset) if of_learned else None
        at_once: set[int] = set()
        for columns, network in subjects(checkpoint, dataset, settings, first):
            network = (behind_centring(network) if before else network).to(device)
            seen = _seen(network, measures, stimuli, columns, first, dataset, own)
            if seen.recording is not None:
                at_once.add(seen.recording.at_once)
            if test is not None:
                points = training_set(training, dataset, columns["seed"])
                seen = replace(seen, learned=Learned(points, test))
            with torch.no_grad():
                numbers = [measure.rows(seen) for measure in measures]
            for (name, measurement), of_measure in zip(group.items(), numbers, strict=True):
                described = {**columns, **description(name, measurement)}
                described |= {"input_size": dataset.test.images.shape[-1], "scale": settings.scale}
                rows[name] += [{**described, **row} for row in of_measure]
        if at_once:
            log(f"{', '.join(group)}: {' or '.join(map(str, sorted(at_once)))} images pass at once")
    return long_table([row for of_one in rows.values() for row in of_one])


def _seen(
    network: nn.Module,
    measures: Sequence[Measure],
    stimuli: Mapping[str, Stimuli],
    columns: Mapping[str, Any],
    measurement: Measurement,
    dataset: Dataset,
    functions: bool,
) -> Seen:
    """Return one network, and what its layers made of the images."""
    images = next((shown["images"] for shown in stimuli.values() if shown), None)
    if images is None:
        return Seen(network, tuple(dataset.test.images.shape[1:]))
    return look(
        network,
        images,
        measures,
        channel_mean=bool(measurement.channel_mean),
        batch_statistics=columns["batch_norm"] == "batch",
        functions=functions,
    )


def _on_device(stimuli: Mapping[str, Stimuli], device: str) -> dict[str, dict[str, Tensor]]:
    """Return the stimuli of each measurement on a device, those that are shared moved once."""
    moved: dict[int, Tensor] = {}
    for shown in stimuli.values():
        for each in shown.values():
            moved.setdefault(id(each), each.to(device))
    return {
        name: {kind: moved[id(each)] for kind, each in shown.items()}
        for name, shown in stimuli.items()
    }
