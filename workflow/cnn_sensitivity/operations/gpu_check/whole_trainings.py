"""Whole trainings: one twice, one stopped and taken up again, and one that must not wait."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd import job
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.synthetic import stepper
from cnn_sensitivity.operations.gpu_check.twins import isolated
from cnn_sensitivity.tasks.store import Dataset

SAME_BYTES = "the same bytes of checkpoint and table"


def twice(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> Outcome:
    """Train twice; the files must be the same."""
    with TemporaryDirectory() as folder:
        files = [
            _train(Path(folder, number), settings, dataset, device) for number in ("one", "two")
        ]
    return _same(*files)


def stopped_and_resumed(
    settings: TrainingSettings, dataset: Dataset, device: torch.device
) -> Outcome:
    """Stop a training by a signal within its second epoch, take it up; hold it against one left
    alone.

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
        try:
            _train(cut, settings, dataset, device, stop_after_first_epoch)
        except SystemExit:
            resumed = _train(cut, settings, dataset, device, lines.append)
        else:
            return Outcome(False, SAME_BYTES, "a signal that did not stop the training")
    if not any("goes on in epoch 2, step 1" in line for line in lines):
        return Outcome(False, SAME_BYTES, "a training that did not go on where it was")
    return _same(resumed, whole)


def without_waiting(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> Outcome:
    """Train two epochs; between an epoch's begin and its end no step may wait for the device."""
    expected = "no step that waits for the device"
    with isolated(settings, device):
        trainer = Trainer(settings, dataset, settings.seeds, device)
        step = stepper(trainer)
        for _ in range(trainer.batches.steps):  # the first epoch captures the graph
            step()
        trainer.epoch, trainer.step = 1, 0
        trainer.begin_epoch()
        try:
            with _waiting_refused(device):
                for _ in range(trainer.batches.steps):
                    trainer.train_step()
        except RuntimeError as error:
            return Outcome(False, expected, " ".join(str(error).split()))
    return Outcome(True, expected, f"none in {trainer.batches.steps} steps")


@contextmanager
def _waiting_refused(device: torch.device) -> Iterator[None]:
    """Let PyTorch raise RuntimeError where the CPU would wait for a GPU; a CPU has none."""
    if device.type != "cuda":
        yield
        return
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def _train(
    folder: Path,
    settings: TrainingSettings,
    dataset: Dataset,
    device: torch.device,
    log: Callable[[str], None] = lambda line: None,
) -> list[bytes]:
    """Return the bytes of the checkpoint and of the table."""
    paths = [folder / "checkpoint.safetensors", folder / "training.csv"]
    job.fit(settings, dataset, checkpoint=paths[0], table=paths[1], device=device, log=log)
    return [path.read_bytes() for path in paths]


def _same(one: list[bytes], other: list[bytes]) -> Outcome:
    names = ("checkpoint", "table")
    differing = [name for name, a, b in zip(names, one, other, strict=True) if a != b]
    return Outcome(
        not differing, SAME_BYTES, f"another {' and '.join(differing)}" if differing else "the same"
    )
