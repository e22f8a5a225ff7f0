"""The checkpoint: weights of a stack of seeds at several times, and all about them."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from torch import nn

import cnn_sensitivity
from cnn_sensitivity import networks
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.datasets.store import Dataset
from cnn_sensitivity.errors import UserError
from cnn_sensitivity.weights import (
    CHECKPOINT,
    STATES,
    Arrays,
    epoch_state,
    read_checkpoint,
    write_sealed,
)

from .loop import Result, output_count


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory.

    `metadata` holds `dataset` (name, title, checksum, train_images, in_channels, image_size),
    `outputs`, `test_images`, `versions`, and `seeds`: for each seed, in order, seed, epochs,
    learned, diverged, last_test_error, best_test_error, best_epoch, fitted_epoch and
    kept_test_errors, the test errors at the kept epochs by state.
    """

    path: Path
    settings: TrainingSettings
    metadata: dict[str, Any]
    arrays: Arrays

    @property
    def seeds(self) -> list[int]:
        """The seeds whose networks it holds."""
        return self.settings.seeds

    def record(self, seed: int) -> dict[str, Any]:
        """Return what the metadata says of a seed."""
        return self.metadata["seeds"][self._position(seed)]

    def states(self, seed: int) -> tuple[str, ...]:
        """Return the states that it holds of a seed: "initial", "last", "best", "epoch-3", ...

        Of the epochs that the recipe keeps those that the seed came through.
        """
        held = self.record(seed).get("kept_test_errors", {})  # not in those of older versions
        epochs = map(epoch_state, self.settings.recipe.keep_epochs or [])
        return (*STATES, *(state for state in epochs if state in held))

    def network(self, seed: int, state: str) -> nn.Module:
        """Return the network of a seed at one of its states, in eval mode.

        Raises:
            UserError: no such seed or state.
        """
        if state not in (states := self.states(seed)):
            raise UserError(f"state {state!r}: choose one of {', '.join(states)}")
        position = self._position(seed)
        weights = {
            name: torch.from_numpy(np.array(self.arrays[f"{state}/{name}"][position]))
            for name in self.metadata["names"]
        }
        network, dataset = self.settings.network, self.metadata["dataset"]
        with torch.random.fork_rng(devices=[]):  # the weights that building draws are not used
            built = networks.build(
                network.name,
                in_channels=dataset["in_channels"],
                num_classes=self.metadata["outputs"],
                image_size=dataset["image_size"],
                width=network.width,
                activation=network.activation,
                **network.options,
            )
        try:
            built.load_state_dict(weights)
        except RuntimeError:
            raise UserError(
                f"{self.path}: its weights do not fit today's {network.name};"
                " delete it and run again to train anew"
            ) from None
        return built.eval()

    def _position(self, seed: int) -> int:
        if seed not in self.seeds:
            held = ", ".join(map(str, self.seeds))
            raise UserError(f"{self.path}: no seed {seed}; it holds {held}")
        return self.seeds.index(seed)


def save(
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


def load(path: str | Path, run: str | None = None) -> Checkpoint:
    """Read a checkpoint; `run`: the name of the run that it must be of.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or of another run.
    """
    metadata, arrays = read_checkpoint(path, run)
    try:
        settings = TrainingSettings.model_validate(metadata.pop("settings"))
    except ValidationError:
        raise UserError(
            f"{path}: written with settings that this version does not know;"
            " delete it and run again to train anew"
        ) from None
    return Checkpoint(Path(path), settings, metadata, arrays)
