"""What a training ends with, and the checkpoint of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cnn_sensitivity import checkpoints
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.ensemble import State
from cnn_sensitivity.engines.sgd.records import Record
from cnn_sensitivity.tasks.store import Dataset


@dataclass(frozen=True)
class Result:
    """Seeds whose training has ended: their records, and weights with a leading seed dimension."""

    records: list[Record]
    states: dict[str, State]
    """By "initial", "last", "best", and the `epoch_state` of each epoch to keep; on the CPU.

    A seed that did not come through an epoch has there the weights with which it ended.
    """


def save(
    path: Path, settings: TrainingSettings, dataset: Dataset, results: Sequence[Result]
) -> None:
    """Write the checkpoint of results whose seeds, one after the other, are the settings'."""
    states = {
        state: {name: torch.cat([each.states[state][name] for each in results]) for name in names}
        for state, names in results[0].states.items()
    }
    classes, test_images = len(dataset.classes), len(dataset.test.labels)
    kept = settings.recipe.keep_epochs or []
    records = [
        record.summary(classes, test_images, kept) for each in results for record in each.records
    ]
    checkpoints.save(path, settings, dataset, states, records)
