"""What an engine is: from settings and a task to a fit. No torch.

An engine is a folder here. Its `__init__.py` says what planning asks of it (`Engine`), its `job.py`
makes the fit (`Job`): a checkpoint of predictors by seed and state, and a table of how it came
about. It is deterministic in its settings, and a fit that takes long saves its state beside the
checkpoint and goes on from there, to the bit. What it is told is its model in `config/fits.py`.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import FITS

if TYPE_CHECKING:  # it imports torch
    from cnn_sensitivity.tasks.store import Dataset


class Engine(Protocol):
    """What planning asks of an engine."""

    def passes(self, settings: TrainingSettings, train: int, test: int) -> float | None:
        """Return how many images a fit passes through the network in training steps.

        `train` and `test` are the images there are; a pass without gradients counts as `FORWARD`
        of one with. None where a fit's cost is not one of passes.
        """


class Job(Protocol):
    """What makes a fit."""

    def fit(
        self,
        settings: TrainingSettings,
        dataset: "Dataset",
        *,
        checkpoint: Path,
        table: Path,
        root: Path,
        device: str,
    ) -> None:
        """Write the checkpoint and the table of a fit; `root` is the folder of downloads.

        Raises:
            UserError: the settings and the task do not fit each other. Nothing is written.
            SystemExit: a signal came; the state is saved.
        """


FORWARD = 1 / 3
"""Cost of a forward pass, in training steps."""


def engine(name: str) -> Engine:
    """Return an engine by its name, one of `FITS`."""
    assert name in FITS
    return cast(Engine, import_module(f"cnn_sensitivity.engines.{name}"))


def job(name: str) -> Job:
    """Return what makes the fits of an engine; this imports torch."""
    assert name in FITS
    return cast(Job, import_module(f"cnn_sensitivity.engines.{name}.job"))
