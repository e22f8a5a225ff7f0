"""The end of a training: the weights of its seeds become a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

from cnn_sensitivity.checkpoints.writing import write
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.loop import Result
from cnn_sensitivity.tasks.store import Dataset


def save_checkpoint(
    path: Path, settings: TrainingSettings, dataset: Dataset, results: Sequence[Result]
) -> None:
    """Write the checkpoint of results whose seeds, one after the other, are the settings'."""
    kept = settings.recipe.keep_epochs or []
    classes, test_images = len(dataset.classes), len(dataset.test.labels)
    records = [record for result in results for record in result.records]
    summaries = [record.summary(classes, test_images, kept) for record in records]
    write(path, settings, dataset, [result.states for result in results], summaries)
