"""The list of all checks: what must be right, then speeds, what decides most before the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.limits import ONE_DIMENSIONAL
from cnn_sensitivity.operations.gpu_check import measured, resumed, speed, steps
from cnn_sensitivity.operations.gpu_check.cases import MODES, Case
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, training_settings

Row = dict[str, Any]
"""A part of a row of the table of timings, under the names of its columns."""
ADAM: dict[str, Any] = {"optimizer": "adam", "schedule": "constant", "weight_decay": 0.0}
LINE: dict[str, Any] = {"loss": "hinge", "momentum": 0.0, "ridge": 0.01, "schedule": "constant"}
LINE_OF_PIXELS = (1, 128)
IMAGE = (3, 32, 32)
STEPS = 9  # that are compared: of more than an epoch, with a short batch in it


@dataclass(frozen=True)
class Scale:
    """How large the checks are: those of a GPU, or tiny ones, for a test on a CPU."""

    width: float = 1.0
    """Of the networks that are compared, not timed."""
    batch: int = 64
    """Images of a step that is compared, and those on which D, G and R are."""
    measured: int = 500
    """Images on which measuring is timed: as many as the paper's."""
    seconds: float = 0.5
    """Of each speed, after a warm-up."""


@dataclass(frozen=True)
class Check:
    """One thing to find out; `seconds` is what it takes at most, by estimate."""

    name: str
    seconds: float
    run: Callable[[], Outcome | Row]


def all_checks(cases: Sequence[Case], device: torch.device, scale: Scale) -> list[Check]:
    """Return every check, in the order of their importance."""
    first, *others = ([_training(case, *mode, device, scale) for case in cases] for mode in MODES)
    measuring = [_measuring(case, device, scale) for case in cases]
    return [*_compared(device, scale), *first, *measuring, *chain(*others)]


def _compared(device: torch.device, scale: Scale) -> Iterator[Check]:
    """Yield what must be equal or near."""
    data = random_images(5 * scale.batch + scale.batch // 4, IMAGE)
    line = random_images(5 * scale.batch, LINE_OF_PIXELS, 2)

    def of(name: str, seeds: int = 1, noise: float = 0.0, **recipe: Any) -> TrainingSettings:
        network: dict[str, Any] = {"name": name, "width": scale.width}
        if name == ONE_DIMENSIONAL:
            network = {"name": name, "options": {"channels": round(200 * scale.width)}}
        recipe = {"batch_size": scale.batch, "learning_rate": 0.01, "epochs": 3, **recipe}
        compute = {"channels_last": True, "cuda_graph": True}
        return training_settings(network, seeds, compute, noise, **recipe)

    def check(
        title: str, settings: TrainingSettings, compare: Callable[..., Outcome], *arguments: Any
    ) -> Check:
        dataset = line if settings.network.name == ONE_DIMENSIONAL else data
        run = partial(compare, settings, dataset, device, *arguments)
        return Check(f"{title}: {_described(settings)}", 20, run)

    vgg, low = of("VGG11bn"), of("VGG11bn", precision="bf16")
    stacks = [of("LeNet", 4), of("FullConnL4", 3, **ADAM), of(ONE_DIMENSIONAL, 3, **LINE)]
    dropout = [of("AlexNet"), of("EfficientNetB0", precision="bf16")]
    others = [of("VGG11bn", precision="tf32"), of("VGG11", noise=10.0)]
    for settings in (vgg, low, *stacks, *dropout, *others):
        yield check("graph as eager", settings, steps.graph_as_eager, STEPS)
    for settings in (*stacks, of("ResNet18"), vgg, low, others[0]):
        yield check("gradient as in float64", settings, steps.as_in_float64)
    for settings in (low, *stacks[:2], dropout[0]):
        yield check("stopped and resumed", settings, resumed.stopped_and_resumed)
    for name in ("LeNet", "VGG11bn", "ResNet18", "EfficientNetB0"):
        for average in measured.AVERAGES:
            title = f"{average} D, G, R as in float64"
            yield check(title, of(name), measured.as_in_float64, scale.batch, average)


def _described(settings: TrainingSettings) -> str:
    several = [f"{len(settings.seeds)} seeds"] if len(settings.seeds) > 1 else []
    noise = ["noise"] if settings.noise else []
    return ", ".join([settings.network.name, settings.recipe.precision, *several, *noise])


def _training(
    case: Case, precision: str, cuda_graph: bool, device: torch.device, scale: Scale
) -> Check:
    name, width = case.key

    def run() -> Row:
        settings = case.in_mode(precision, cuda_graph)
        timed = speed.training(settings, case.shape, case.classes, device, scale.seconds)
        row = {"network": name, "width": width, "image_size": case.shape[-1], **timed}
        return {**row, "precision": precision, "cuda_graph": int(cuda_graph)}

    return Check(f"train {name}, width {width:g}: {precision}{', graph' * cuda_graph}", 8, run)


def _measuring(case: Case, device: torch.device, scale: Scale) -> Check:
    name, width = case.key

    def run() -> Row:
        seconds = speed.measuring(case.settings, case.shape, case.classes, device, scale.measured)
        return {"network": name, "width": width, "measure_seconds": seconds}

    return Check(f"measure {name}, width {width:g}", 10, run)
