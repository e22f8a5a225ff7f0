"""A training job: all seeds of a run, from its settings to its checkpoint and table."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from cnn_sensitivity.base import own_code
from cnn_sensitivity.base.arithmetic import arithmetic
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines import unfinished
from cnn_sensitivity.engines.base import print_at_once
from cnn_sensitivity.engines.sgd import state
from cnn_sensitivity.engines.sgd.ensemble import can_stack
from cnn_sensitivity.engines.sgd.loop import Result, Trainer
from cnn_sensitivity.engines.sgd.progress import Progress
from cnn_sensitivity.engines.sgd.records import write_table
from cnn_sensitivity.engines.sgd.saving import save_checkpoint
from cnn_sensitivity.networks import independence
from cnn_sensitivity.networks.initial import build_network, output_count
from cnn_sensitivity.tasks.store import Dataset, normalize, seen_by


def fit(
    settings: TrainingSettings,
    dataset: Dataset,
    *,
    checkpoint: Path,
    table: Path,
    root: str | Path | None = None,
    device: str | torch.device = "cpu",
    save_seconds: float = 60.0,
    log: Callable[[str], None] = print_at_once,
) -> None:
    """Train the networks of the settings' seeds; write their checkpoint and their table.

    The state is saved beside the checkpoint every `save_seconds` and on SIGTERM and Ctrl-C; the
    same call goes on from there, to the bit. A loss that is not finite ends its seed, not the
    job: the checkpoint flags the seed as diverged.

    Raises:
        UserError: the settings and the data set do not fit each other.
        SystemExit: a signal came; the state is saved.
    """
    checkpoint, device = Path(checkpoint), torch.device(device)
    kept = unfinished.path_for(checkpoint)
    mark = state.fingerprint(settings, dataset, device)
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=cuda),
        arithmetic(settings.recipe.precision, device),
        unfinished.Interruption() as interruption,
    ):
        dataset = seen_by(dataset, settings.network)
        check(settings, dataset)
        saved = state.load(kept, mark, log)
        results: list[Result] = saved.finished if saved else []
        for seeds in stacks(settings, dataset, device)[len(results) :]:
            trainer = Trainer(settings, dataset, seeds, device)
            progress = Progress(settings, seeds, log)
            if saved:
                trainer.restore(saved.plain, saved.tensors)
                progress.note(f"goes on in epoch {trainer.epoch + 1}, step {trainer.step}")
                saved = None
            saver = _Saver(kept, mark, results, trainer, save_seconds, interruption, progress)
            trainer.run(saver, _reporter(trainer, progress))
            results.append(trainer.result())
    write_table(Path(table), settings, [r for result in results for r in result.records])
    save_checkpoint(checkpoint, settings, dataset, results)
    kept.unlink(missing_ok=True)


class _Saver:
    """Called after each step: saves the state when it is time, and leaves on a signal."""

    def __init__(
        self,
        path: Path,
        mark: str,
        finished: list[Result],
        trainer: Trainer,
        seconds: float,
        interruption: unfinished.Interruption,
        progress: Progress,
    ):
        self._progress = progress
        self._save = lambda: state.save(path, mark, finished, trainer)
        self._seconds = seconds
        self._interruption = interruption
        self._last = time.monotonic()

    def __call__(self) -> None:
        if self._interruption.signal is not None:
            self._save()
            self._progress.note("stopped; its state is saved, and the same command goes on")
            raise SystemExit(128 + self._interruption.signal)
        if time.monotonic() - self._last >= self._seconds:
            self._save()
            self._last = time.monotonic()


def _reporter(trainer: Trainer, progress: Progress) -> Callable[[list[int]], None]:
    def report(trained: list[int]) -> None:
        ended = not trainer.alive or trainer.epoch == trainer.recipe.epochs
        records = [trainer.records[position] for position in trained]
        progress.epoch(records, trainer.batches.size, ended)

    return report


def stacks(settings: TrainingSettings, dataset: Dataset, device: torch.device) -> list[list[int]]:
    """Return which seeds train as one computation: all of them, or each alone."""
    seeds = settings.seeds
    if len(seeds) > 1:
        network = build_network(settings, dataset, seeds[0])
        if can_stack(network, settings.network.name, device):
            return [seeds]
    return [[seed] for seed in seeds]


def check(settings: TrainingSettings, dataset: Dataset) -> None:
    """Raise UserError if the settings and the data set do not fit each other."""
    images = len(dataset.train.labels)
    if settings.train_size is not None and settings.train_size > images:
        raise UserError(
            f"train_size {settings.train_size} is more than the {images} training images of"
            f" {dataset.title}"
        )
    if dataset.train.labels.is_floating_point():
        raise UserError(f"{dataset.title}: its targets are +-1, and sgd takes classes")
    if settings.recipe.loss == "hinge" and len(dataset.classes) != 2:
        raise UserError(
            f"loss hinge needs a data set of two classes; {dataset.title} has"
            f" {len(dataset.classes)}: use cross_entropy"
        )
    if ":" in settings.network.name:
        _check_output(settings, dataset)


def _check_output(settings: TrainingSettings, dataset: Dataset) -> None:
    """Raise UserError if a network of a user's own does not return a score for each class.

    Also if these depend on the other images of a batch, or are random in evaluation.
    """
    network = build_network(settings, dataset, settings.seeds[0]).eval()
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(f"network {settings.network.name!r}: it has no parameter to train")
    shown = dataset.train.images[: independence.IMAGES]
    shown = normalize(shown, dataset.mean, dataset.std)
    images = shown[:2]
    name = f"network {settings.network.name!r}"
    try:
        with torch.no_grad():
            output = network(images)
    except Exception as error:  # whatever the user's layers raise
        what = f"it cannot be called with {len(images)} images of shape {tuple(images.shape[1:])}"
        raise own_code.failure("network", settings.network.name, what, error) from error
    expected = (len(images), output_count(settings, dataset))
    got = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if got != expected:
        raise UserError(
            f"{name}: from {len(images)} images it must return a tensor"
            f" of shape {expected}, not {got}"
        )
    independence.check(network, shown, name)
