"""The list of all checks, in the order of their importance."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.limits import ONE_DIMENSIONAL
from cnn_sensitivity.operations.forecast.timings import Mode
from cnn_sensitivity.operations.gpu_check import measured, speed, together, twins, whole_trainings
from cnn_sensitivity.operations.gpu_check.cases import Case, modes_of
from cnn_sensitivity.operations.gpu_check.outcome import Outcome
from cnn_sensitivity.operations.gpu_check.synthetic import random_images, training_settings
from cnn_sensitivity.tasks.store import Dataset

Result = dict[str, Any]

# Which networks train several at once: small, middling and large, one that stacks its seeds.
TOGETHER = ("VGG11bn", "LeNet", "ResNet18", "FullConnL4")
ADAM: dict[str, Any] = {"optimizer": "adam", "schedule": "constant", "weight_decay": 0.0}
LINE: dict[str, Any] = {"loss": "hinge", "momentum": 0.0, "ridge": 0.01, "schedule": "constant"}
LINE_OF_PIXELS = (1, 128)
IMAGE = (3, 32, 32)
PATIENCE = 60.0  # seconds for several processes to start, warm up and train
LEAST_TIMED = 5  # ranks of modes of cases.modes_of that come before several jobs at once


@dataclass(frozen=True)
class Scale:
    """How large the checks are: those of a GPU, or tiny ones, for a test on a CPU."""

    width: float = 1.0
    """Of the networks that are checked, not timed."""
    batch: int = 64
    measured: int = 64
    """Images on which D, G and R are compared."""
    timed_measuring: int = 500
    """Images on which measuring is timed: as many as the paper's."""
    seconds: float = 0.5
    """Of each speed, after a warm-up."""
    processes: tuple[int, ...] = (4, 2, 8)
    """How many jobs at once, what is of most interest first."""
    channels: int = 200
    """Of the one-dimensional network that is checked."""


@dataclass(frozen=True)
class Check:
    """One thing to find out; `seconds` is what it takes at most, by estimate."""

    name: str
    kind: str
    seconds: float
    run: Callable[[], Result]


def all_checks(cases: Sequence[Case], device: torch.device, scale: Scale) -> list[Check]:
    """Return every check: what is right first, then speeds, what decides most before the rest."""
    speeds = sorted(_speeds(cases, device, scale), key=lambda ranked: ranked[0])
    first = [check for rank, check in speeds if rank < 2]
    second = [check for rank, check in speeds if 2 <= rank < LEAST_TIMED]
    last = [check for rank, check in speeds if rank >= LEAST_TIMED]
    several = [list(_several(cases, device, scale, count)) for count in scale.processes]
    few, more = several[:1], several[1:]
    return [
        *_right(device, scale),
        *first,
        *_measuring(cases, device, scale),
        *(check for checks in few for check in checks),
        *second,
        *(check for checks in more for check in checks),
        *last,
    ]


def _right(device: torch.device, scale: Scale) -> Iterator[Check]:
    """Yield what must be equal or near."""
    data = random_images(5 * scale.batch + scale.batch // 4, IMAGE)
    line = random_images(5 * scale.batch, LINE_OF_PIXELS, 2)
    steps = 9  # of more than an epoch, with a short batch in it

    def of(name: str, seeds: int = 1, graph: bool = True, **recipe: Any) -> TrainingSettings:
        defaults = {"batch_size": scale.batch, "learning_rate": 0.01, "epochs": 3}
        network: dict[str, Any] = {"name": name, "width": scale.width}
        if name == ONE_DIMENSIONAL:
            network = {"name": name, "options": {"channels": scale.channels}}
        compute = {"channels_last": True, "cuda_graph": graph}
        return training_settings(network, seeds, compute, **{**defaults, **recipe})

    def data_of(settings: TrainingSettings) -> Dataset:
        return line if settings.network.name == ONE_DIMENSIONAL else data

    def check(
        title: str, settings: TrainingSettings, compare: Callable[..., Outcome], *arguments: Any
    ) -> Check:
        def run() -> Result:
            return asdict(compare(settings, data_of(settings), device, *arguments))

        return Check(f"{title}: {_described(settings)}", "right", 20, run)

    line_of = of(ONE_DIMENSIONAL, 3, **LINE)
    stacks = [of("LeNet", 4), of("FullConnL4", 3, **ADAM), line_of]
    dropout = [of("AlexNet"), of("EfficientNetB0", precision="bf16")]
    for settings in (of("VGG11bn"), of("VGG11bn", precision="bf16"), *stacks, *dropout):
        yield check("graph as eager", settings, twins.graph_as_eager, steps)
    for name in ("LeNet", "FullConnL4", "VGG11bn", "ResNet18"):
        yield check("gradient as in float64", of(name), twins.as_in_float64)
    for settings in stacks:
        yield check("stacked as single", settings, twins.stacked_as_single)
    resumed = (of("VGG11bn", precision="bf16"), stacks[0], stacks[1], dropout[0])
    for settings in resumed:
        yield check("stopped and resumed", settings, whole_trainings.stopped_and_resumed)
    for name in ("LeNet", "VGG11bn", "ResNet18", "EfficientNetB0"):
        for average in measured.QUANTITIES:
            yield check(
                f"{average} D, G, R as in float64",
                of(name, graph=False),
                measured.as_in_float64,
                scale.measured,
                average,
            )
    noisy = of("VGG11", noise=10.0)
    for settings in (of("VGG11bn"), noisy, stacks[1], of("VGG11bn", graph=False)):
        yield check("no waiting", settings, whole_trainings.without_waiting)
    yield check("trained twice", of("VGG11bn", precision="bf16"), whole_trainings.twice)
    yield check("graph as eager", of("VGG11bn", precision="tf32"), twins.graph_as_eager, steps)
    yield check("graph as eager", noisy, twins.graph_as_eager, steps)
    for precision in ("bf16", "tf32"):
        chosen = of("VGG11bn", precision=precision)
        yield check("gradient as in float64", chosen, twins.as_in_float64)


def _described(settings: TrainingSettings) -> str:
    parts = [settings.network.name, settings.recipe.precision]
    if len(settings.seeds) > 1:
        parts.append(f"{len(settings.seeds)} seeds")
    if settings.noise:
        parts.append("noise")
    if settings.compute.cuda_graph:
        parts.append("graph")
    return ", ".join(parts)


def _speeds(
    cases: Sequence[Case], device: torch.device, scale: Scale
) -> Iterator[tuple[int, Check]]:
    for case in cases:
        for rank, mode in modes_of(case):

            def run(case: Case = case, mode: Mode = mode) -> Result:
                timed = speed.training(
                    case.in_mode(mode), case.shape, case.classes, device, scale.seconds
                )
                return {**_about(case), **asdict(mode), **timed}

            name = f"train {case.title}: {mode_name(mode)}"
            yield rank, Check(name, "train", 8, run)


def _measuring(cases: Sequence[Case], device: torch.device, scale: Scale) -> Iterator[Check]:
    for case in cases:

        def run(case: Case = case) -> Result:
            images = scale.timed_measuring
            timed = speed.measuring(case.settings, case.shape, case.classes, device, images)
            return {**_about(case), **timed}

        yield Check(f"measure {case.title}", "measure", 10, run)


def _several(
    cases: Sequence[Case], device: torch.device, scale: Scale, count: int
) -> Iterator[Check]:
    under_mps = together.mps_runs()
    by_name = {case.settings.network.name: case for case in cases}
    for case in (by_name[name] for name in TOGETHER if name in by_name):
        mode = Mode("bf16", True, case.stack)

        def run(case: Case = case, mode: Mode = mode) -> Result:
            settings = case.in_mode(mode)
            timed = together.training(
                settings, case.shape, case.classes, device, 4 * scale.seconds, count, PATIENCE
            )
            ways = {"processes": count, "mps": under_mps}
            return {**_about(case), **asdict(mode), **ways, **timed}

        name = f"{count} jobs at once{', MPS' * under_mps}, {case.title}"
        yield Check(name, "together", PATIENCE, run)


def _about(case: Case) -> Result:
    name, width = case.key
    return {
        "network": name,
        "width": width,
        "image_size": case.shape[-1],
        "title": case.title,
        "batch_size": case.settings.recipe.batch_size,
    }


def mode_name(mode: Mode) -> str:
    """Return a mode as a person says it."""
    graph = ", graph" if mode.cuda_graph else ""
    return f"{mode.precision}{graph}" + (f", {mode.seeds} seeds stacked" * (mode.seeds > 1))
