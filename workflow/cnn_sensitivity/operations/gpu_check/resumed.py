"""A training that was stopped and taken up again, against one that was left alone."""

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd import job
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.tasks.store import Dataset

SAME_BYTES = "the same bytes of checkpoint and table"


def stopped_and_resumed(
    settings: TrainingSettings, dataset: Dataset, device: torch.device
) -> Outcome:
    """Stop a training by a signal within its second epoch, and take it up: the files are the same.

    The signal is sent within this process: other threads than the main one cannot use this.
    """
    lines: list[str] = []

    def stop_after_first_epoch(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            signal.raise_signal(signal.SIGTERM)

    with TemporaryDirectory() as folder:
        whole = _train(Path(folder, "whole"), settings, dataset, device)
        cut = Path(folder, "cut")
        with suppress(SystemExit):
            _train(cut, settings, dataset, device, stop_after_first_epoch)
        resumed = _train(cut, settings, dataset, device, lines.append)
    if not any("goes on in epoch 2, step 1" in line for line in lines):
        return Outcome(False, SAME_BYTES, "a training that did not go on where it was")
    differing = [name for name in whole if whole[name] != resumed[name]]
    found = f"another {' and '.join(differing)}" if differing else "the same"
    return Outcome(not differing, SAME_BYTES, found)


def _train(
    folder: Path,
    settings: TrainingSettings,
    dataset: Dataset,
    device: torch.device,
    log: Callable[[str], None] = lambda line: None,
) -> dict[str, bytes]:
    """Return the bytes of the checkpoint and of the table."""
    checkpoint, table = folder / "checkpoint.safetensors", folder / "training.csv"
    job.fit(settings, dataset, checkpoint=checkpoint, table=table, device=device, log=log)
    return {"checkpoint": checkpoint.read_bytes(), "table": table.read_bytes()}
