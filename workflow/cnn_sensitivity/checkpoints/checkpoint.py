"""The checkpoint: weights of a stack of seeds at several times, and all about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.checkpoints import predictors
from cnn_sensitivity.checkpoints.sealed import STATES, Arrays, read_checkpoint
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.networks import registry


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory.

    `metadata` holds `dataset` (name, title, checksum, train_images, in_channels, image_size),
    `outputs`, `test_images`, `versions`, and `seeds`: for each seed, in order, seed, epochs,
    learned, diverged, last_test_error, best_test_error, best_epoch, fitted_epoch and
    kept_test_errors, the test errors at further states; and `predictor` where it is no network.
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

        Of those that are kept besides, the ones that the seed came to.
        """
        held = self.record(seed).get("kept_test_errors", {})  # not in those of older versions
        return (*STATES, *held)

    def network(self, seed: int, state: str) -> nn.Module:
        """Return what maps inputs to outputs for a seed at one of its states, in eval mode.

        A network, or what the engine made of one (`predictors`).

        Raises:
            UserError: no such seed or state.
        """
        if state not in (states := self.states(seed)):
            raise UserError(f"state {state!r}: choose one of {', '.join(states)}")

        def at(state: str) -> dict[str, Tensor]:
            position = self._position(seed)
            return {
                name: torch.from_numpy(np.array(self._array(state, name)[position]))
                for name in self.metadata["names"]
            }

        described = self.metadata.get("predictor")
        predictor = predictors.build(described, self._built, at, state)
        return predictors.represented(predictor, self.arrays).eval()

    def _array(self, state: str, name: str) -> NDArray:
        """Return a tensor of all seeds [S, ...]; what equals the last is there once."""
        own = f"{state}/{name}"
        return self.arrays[own if own in self.arrays else f"last/{name}"]

    def _built(self, weights: Mapping[str, Tensor]) -> nn.Module:
        """Return the network of the settings with these weights, in their precision."""
        network, dataset = self.settings.network, self.metadata["dataset"]
        with torch.random.fork_rng(devices=[]):  # the weights that building draws are not used
            built = registry.build(
                network.name,
                in_channels=dataset["in_channels"],
                num_classes=self.metadata["outputs"],
                image_size=dataset["image_size"],
                width=network.width,
                activation=network.activation,
                **network.options,
            )
        built.to(next((each.dtype for each in weights.values() if each.is_floating_point()), None))
        try:
            built.load_state_dict(weights)
        except RuntimeError:
            raise UserError(
                f"{self.path}: its weights do not fit today's {network.name};"
                " delete it and run again to train anew"
            ) from None
        return built

    def _position(self, seed: int) -> int:
        if seed not in self.seeds:
            held = ", ".join(map(str, self.seeds))
            raise UserError(f"{self.path}: no seed {seed}; it holds {held}")
        return self.seeds.index(seed)


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
