"""The end of a training: the weights of its seeds become a checkpoint."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

import cnn_sensitivity
from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.checkpoints.sealed import CHECKPOINT
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.loop import Result
from cnn_sensitivity.networks.initial import output_count
from cnn_sensitivity.tasks.store import Dataset


def save_checkpoint(
    path: Path, settings: TrainingSettings, dataset: Dataset, results: Sequence[Result]
) -> None:
    """Write the checkpoint of results whose seeds, one after the other, are the settings'."""
    arrays = {
        f"{state}/{name}": torch.cat([result.states[state][name] for result in results]).numpy()
        for state, names in results[0].states.items()
        for name in names
    }
    records = [record for result in results for record in result.records]
    kept = settings.recipe.keep_epochs or []
    classes, test_images = len(dataset.classes), len(dataset.test.labels)
    description = {
        "settings": settings.model_dump(mode="json"),
        "dataset": {
            "name": dataset.name,
            "title": dataset.title,
            "checksum": dataset.checksum,
            "train_images": settings.train_size or len(dataset.train.labels),
            "in_channels": dataset.train.images.shape[1],
            "image_size": dataset.train.images.shape[-1],
        },
        "outputs": output_count(settings, dataset),
        "test_images": test_images,
        "names": list(results[0].states["last"]),
        "seeds": [record.summary(classes, test_images, kept) for record in records],
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
            "cnn_sensitivity": cnn_sensitivity.__version__,
        },
    }
    write_sealed(path, CHECKPOINT, description, arrays)
