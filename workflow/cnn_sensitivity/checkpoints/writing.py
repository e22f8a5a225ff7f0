"""A checkpoint is written: the same description for every engine."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

import cnn_sensitivity
from cnn_sensitivity.base.sealed import write_sealed
from cnn_sensitivity.checkpoints import predictors
from cnn_sensitivity.checkpoints.sealed import CHECKPOINT
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.networks.initial import input_shape, output_count
from cnn_sensitivity.tasks.store import Dataset

States = Mapping[str, Mapping[str, Tensor]]
"""Tensors by state and name."""


def write(
    path: Path,
    settings: TrainingSettings,
    dataset: Dataset,
    states: Sequence[States],
    records: Sequence[Mapping[str, Any]],
    predictor: Mapping[str, Any] | None = None,
    before: Mapping[str, Tensor] | None = None,
) -> None:
    """Write the checkpoint of the settings' seeds: a part of `states` for one seed or several.

    Tensors of each part have the seeds first, [S, ...], and all parts have the same names; what
    stands for a state that a seed did not come to is not read. What equals the last state's is
    written once. `records`: what is to be said of
    each seed (`Checkpoint.metadata`). `predictor` says what the states make, if not a network
    (`checkpoints.predictors`); `before` holds the tensors of the representation that it sees.
    """
    in_channels, image_size = input_shape(settings, dataset)
    arrays = {
        f"{state}/{name}": torch.cat([part[state][name] for part in states]).numpy()
        for state, tensors in states[0].items()
        for name in tensors
    }
    arrays = _each_once(arrays)
    arrays |= {f"{predictors.BEFORE}/{name}": x.numpy() for name, x in (before or {}).items()}
    description = {
        "settings": settings.model_dump(mode="json"),
        "dataset": {
            "name": dataset.name,
            "title": dataset.title,
            "checksum": dataset.checksum,
            "train_images": settings.train_size or len(dataset.train.labels),
            "in_channels": in_channels,
            "image_size": image_size,
        },
        "outputs": output_count(settings, dataset),
        "test_images": len(dataset.test.labels),
        "names": list(states[0]["last"]),
        "seeds": list(records),
        **({"predictor": dict(predictor)} if predictor else {}),
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "torchvision": version("torchvision"),
            "cnn_sensitivity": cnn_sensitivity.__version__,
        },
    }
    write_sealed(path, CHECKPOINT, description, arrays)


def _each_once(arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return arrays by state and name without those that are the last state's, to the bit."""
    last = {name.partition("/")[2]: x for name, x in arrays.items() if name.startswith("last/")}

    def is_last(key: str, array: NDArray) -> bool:
        state, _, name = key.partition("/")
        return state != "last" and array.tobytes() == last[name].tobytes()

    return {key: array for key, array in arrays.items() if not is_last(key, array)}
