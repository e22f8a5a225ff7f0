"""How fast a device trains and measures a network."""

import time
from collections.abc import Callable, Sequence

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.engines.sgd.job import stacks
from cnn_sensitivity.engines.sgd.loop import Trainer
from cnn_sensitivity.measures.sensitivity import measure
from cnn_sensitivity.networks.initial import build_network
from cnn_sensitivity.operations.gpu_check import measured
from cnn_sensitivity.operations.gpu_check.steps import isolated
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, stepper

WARM_UP = 6  # steps: the first ones choose kernels and capture the graph
FEWEST, MOST = 5, 2000  # steps that are timed
EPOCH = 40  # steps: as in a training, each epoch draws its order, crops and flips anew


def training(
    settings: TrainingSettings,
    shape: Sequence[int],
    classes: int,
    device: torch.device,
    seconds: float,
) -> dict[str, float]:
    """Train on random images for about so many seconds, after a warm-up.

    Returns how many `seeds` of a job compute as one, `train_seconds` for 1000 images of them all,
    and the `parameters` of one.
    """
    dataset = random_images(settings.recipe.batch_size * EPOCH, tuple(shape), classes)
    together = stacks(settings, dataset, device)[0]
    with isolated(settings, device):
        trainer = Trainer(settings, dataset, together, device)
        step = stepper(trainer)
        _timed(step, WARM_UP, device)
        one = _timed(step, FEWEST, device) / FEWEST
        count = min(max(int(seconds / one), FEWEST), MOST)
        one = _timed(step, count, device) / count
        parameters = sum(p.numel() for p in trainer.ensemble.parameters.values())
    seeds = len(together)
    seconds = 1000 * one / (settings.recipe.batch_size * seeds)
    return {"seeds": seeds, "train_seconds": seconds, "parameters": parameters // seeds}


def measuring(
    settings: TrainingSettings,
    shape: Sequence[int],
    classes: int,
    device: torch.device,
    images: int,
) -> float:
    """Measure D, G and R of an initial network on so many images: seconds for 1000 of them."""
    dataset = random_images(images, tuple(shape), classes)
    recipe = settings.recipe.model_copy(update={"precision": "float32"})  # as all measurements
    with isolated(settings.model_copy(update={"recipe": recipe}), device):
        network = build_network(settings, dataset, settings.seeds[0]).to(device).eval()
        data = [each.to(device) for each in measured.inputs(dataset, images)]

        def once() -> None:
            measure(network, *data, channel_mean=len(shape) == 2)

        _timed(once, 1, device)
        return _timed(once, 1, device) * 1000 / images


def _timed(action: Callable[[], None], repeats: int, device: torch.device) -> float:
    """Return the seconds of so many calls, the device's work included."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    begin = time.perf_counter()
    for _ in range(repeats):
        action()
    wait()
    return time.perf_counter() - begin
