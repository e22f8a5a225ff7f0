"""How fast a device trains and measures a network, and how much of its memory that takes."""

import gc
import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.measures.sensitivity import measure
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.gpu_check import measured
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, stepper
from cnn_sensitivity.operations.gpu_check.twins import isolated

WARM_UP = 6  # steps: the first ones choose kernels and capture the graph
FEWEST, MOST = 5, 2000  # steps that are timed
EPOCH = 40  # steps: as in a training, each epoch draws its order, crops and flips anew
BATCH = 3 * inspect.signature(measure).parameters["batch_size"].default  # clean and changed images
LARGE_BATCH = 128  # images of a bare pass that uses the device well


@dataclass(frozen=True)
class Speed:
    """Of training: images of one seed a second, times the seeds, and the peak of memory."""

    images_per_second: float
    parameters: int
    peak_bytes: int | None
    """Allocated by PyTorch on a GPU, its own context not counted; None on a CPU."""


@dataclass(frozen=True)
class MeasuringSpeed:
    """Of measuring D, G and R: seconds for 1000 images, and those of three passes alone."""

    seconds: float
    bare_seconds: float
    """In batches as large as those of measuring."""
    bare_seconds_large: float
    """In batches of LARGE_BATCH."""
    peak_bytes: int | None


def training(
    settings: TrainingSettings,
    shape: Sequence[int],
    classes: int,
    device: torch.device,
    seconds: float,
    ready: Callable[[], None] = lambda: None,
) -> dict:
    """Train on random images for about so many seconds, after a warm-up; return a Speed.

    `ready` is called in between.
    """
    dataset = random_images(settings.recipe.batch_size * EPOCH, tuple(shape), classes)
    with isolated(settings, device):
        _forget_peak(device)
        trainer = Trainer(settings, dataset, settings.seeds, device)
        step = stepper(trainer)
        _timed(step, WARM_UP, device)
        ready()
        one = _timed(step, FEWEST, device) / FEWEST
        count = min(max(int(seconds / one), FEWEST), MOST)
        one = _timed(step, count, device) / count
        parameters = sum(p.numel() for p in trainer.ensemble.parameters.values())
    images = settings.recipe.batch_size * len(settings.seeds)
    return asdict(Speed(images / one, parameters // len(settings.seeds), _peak(device)))


def measuring(
    settings: TrainingSettings,
    shape: Sequence[int],
    classes: int,
    device: torch.device,
    images: int,
) -> dict:
    """Measure an initial network on so many images, and pass them bare; return a MeasuringSpeed."""
    dataset = random_images(images, tuple(shape), classes)
    one_dimensional = len(shape) == 2
    with isolated(_in_float32(settings), device):
        network = build_network(settings, dataset, settings.seeds[0]).to(device).eval()
        data = [each.to(device) for each in measured.inputs(dataset, images)]
        _forget_peak(device)

        def ours() -> None:
            measure(network, *data, channel_mean=one_dimensional)

        actions = [ours, *(_bare(network, data, batch) for batch in (BATCH, LARGE_BATCH))]
        times = []
        for action in actions:
            _timed(action, 1, device)
            times.append(_timed(action, 1, device) * 1000 / images)
    measured_in, bare, bare_large = times
    return asdict(MeasuringSpeed(measured_in, bare, bare_large, _peak(device)))


def _in_float32(settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with the precision of all measurements."""
    recipe = settings.recipe.model_copy(update={"precision": "float32"})
    return settings.model_copy(update={"recipe": recipe})


def _bare(network: nn.Module, data: Sequence[Tensor], batch: int) -> Callable[[], None]:
    """Return the passes that measuring cannot do without: of clean, deformed and noisy images."""

    def passes() -> None:
        with torch.no_grad():
            for images in data:
                for part in images.split(batch):
                    network(part)

    return passes


def _timed(action: Callable[[], None], repeats: int, device: torch.device) -> float:
    """Return the seconds of so many calls, the device's work included."""
    _wait(device)
    begin = time.perf_counter()
    for _ in range(repeats):
        action()
    _wait(device)
    return time.perf_counter() - begin


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _forget_peak(device: torch.device) -> None:
    gc.collect()  # a trainer refers to itself: without this its memory would count here
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
