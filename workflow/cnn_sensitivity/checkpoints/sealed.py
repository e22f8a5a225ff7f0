"""The file of a fit, read without torch: what it is called, what it holds, and of which run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.sealed import Arrays, read_sealed
from cnn_sensitivity.config import run_name

CHECKPOINT = "cnn_sensitivity checkpoint 1"
STATES = ("initial", "last", "best")
"""What every checkpoint holds of its networks; `keep_epochs` of a recipe adds `epoch_state`."""


def epoch_state(epoch: int) -> str:
    """Return the name of the state of the weights after an epoch that a recipe keeps."""
    return f"epoch-{epoch}"


def read_checkpoint(path: str | Path, run: str | None = None) -> tuple[dict[str, Any], Arrays]:
    """Return a checkpoint's description and its arrays "<state>/<name>", one row per seed.

    A tensor that is not there of a state is that of the last.

    `run`: the name of the run that it must be of, as `run_name` makes it.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or of another run.
    """
    try:
        description, arrays = read_sealed(path, CHECKPOINT)
    except ValueError as error:
        raise UserError(
            f"{path}: not a whole checkpoint ({error}); delete it and run again to train anew"
        ) from None
    if run is not None and (holds := _run_of(description["settings"])) != run:
        raise UserError(
            f"{path}: it holds the networks of {holds}, not of {run};"
            " delete it and run again to train anew"
        )
    return description, arrays


def _run_of(settings: Mapping[str, Any]) -> str:
    label, axes = settings["network"]["label"], settings["axes"]
    return run_name(settings["experiment"], label, axes, settings["seeds"])
