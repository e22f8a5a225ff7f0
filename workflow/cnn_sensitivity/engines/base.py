"""What an engine is: from settings and a task to a fit. No torch.

An engine is a folder here. If it goes by a recipe, its `__init__.py` says what planning asks of it
(`Engine`), and imports no torch. Its `job.py` makes the fit (`Job`): a checkpoint of predictors by
seed and state, and a table of how it came about. It is deterministic in its settings, and a fit
that takes long saves its state beside the checkpoint and goes on from there, to the bit. What it is
told is its model in `config/fits.py`.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.fits import FITS

if TYPE_CHECKING:  # it imports torch
    from cnn_sensitivity.tasks.store import Dataset


class Engine(Protocol):
    """What planning asks of an engine that goes by a recipe."""

    def passes(self, settings: TrainingSettings, train: int, test: int) -> float:
        """Return how many images a fit passes through the network in training steps.

        `train` and `test` are the images there are; a pass without gradients counts as `FORWARD`
        of one with.
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


def print_at_once(message: str) -> None:
    """Print a line that is read while a fit goes on, also where it goes into a file."""
    print(message, flush=True)


FORWARD = 1 / 3
"""Cost of a forward pass, in training steps."""


def passes(settings: TrainingSettings, train: int, test: int) -> float | None:
    """Return `Engine.passes` of a fit; None where it is not known before, as of a flow."""
    if not settings.fit.by_recipe:
        return None
    engine = import_module(f"cnn_sensitivity.engines.{settings.fit.engine}")
    return cast(Engine, engine).passes(settings, train, test)


def job(name: str) -> Job:
    """Return what makes the fits of an engine; this imports torch."""
    assert name in FITS
    return cast(Job, import_module(f"cnn_sensitivity.engines.{name}.job"))
