"""Which trainings are timed: each network of the scenarios at its sizes there, in several modes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import torch

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.config.limits import ONE_DIMENSIONAL
from cnn_sensitivity.engines.sgd.ensemble import can_stack
from cnn_sensitivity.networks import build
from cnn_sensitivity.operations.forecast.estimate import data_of
from cnn_sensitivity.operations.forecast.timings import Mode, key_and_width
from cnn_sensitivity.plan import Plan

PRECISIONS = ("float32", "tf32", "bf16")


@dataclass(frozen=True)
class Case:
    """A network as a scenario trains it."""

    settings: TrainingSettings
    shape: tuple[int, ...]
    """Of one image, or line of pixels."""
    classes: int
    stack: int
    """Seeds that one job of the scenario computes as one."""
    largest_stack: int
    """All seeds of the scenario, where they can be stacked."""

    @property
    def key(self) -> tuple[str, float]:
        """What names the network in a table of timings, and its width."""
        return key_and_width(self.settings.network)

    @property
    def title(self) -> str:
        """The network as a person says it."""
        name, width = self.key
        if self.settings.network.name == ONE_DIMENSIONAL:
            return f"{name}, {width:g} channels"
        return name if width == 1 else f"{name}, width {width:g}"

    def in_mode(self, mode: Mode) -> TrainingSettings:
        """Return the settings with another precision and number of seeds, by graph or not."""
        return self.settings.model_copy(
            update={
                "recipe": self.settings.recipe.model_copy(update={"precision": mode.precision}),
                "compute": self.settings.compute.model_copy(update={"cuda_graph": mode.cuda_graph}),
                "seeds": list(range(mode.seeds)),
            }
        )


def cases_of(plans: Iterable[Plan]) -> list[Case]:
    """Return a case for each network of the plans, as the first run that has it trains it.

    Networks of a user's own are left out: their code may be anywhere.
    """
    cases: dict[tuple[str, float], Case] = {}
    for plan in plans:
        for run in plan.runs:
            if ":" in run.network.name or key_and_width(run.network) in cases:
                continue
            data = data_of(plan, run.experiment)
            settings = plan.training_settings(run)
            seeds = run.network.seeds or plan.config.experiments[run.experiment].seeds
            stackable = _can_stack(settings, data.channels, data.size)
            case = Case(
                settings.model_copy(update={"axes": {"noise": 0.0, "train_size": None}}),
                (data.channels, *(data.size,) * data.dimensions),
                2 if settings.recipe.loss == "hinge" else 10,
                len(run.seeds) if stackable else 1,
                len(seeds) if stackable else 1,
            )
            cases[case.key] = case
    return list(cases.values())


def modes_of(case: Case) -> Iterator[tuple[int, Mode]]:
    """Yield modes, each with its rank: what decides most is timed first, for every network."""
    scenario = Mode("float32", True, case.stack)
    yield 0, scenario
    yield 1, replace(scenario, precision="bf16")
    yield 2, replace(scenario, precision="tf32")
    yield 3, replace(scenario, cuda_graph=False)
    yield 4, replace(scenario, precision="bf16", cuda_graph=False)
    for seeds in sorted({1, case.largest_stack} - {case.stack}):
        yield 5, replace(scenario, precision="bf16", seeds=seeds)
        yield 6, replace(scenario, seeds=seeds)
    yield 7, replace(scenario, precision="tf32", cuda_graph=False)


def _can_stack(settings: TrainingSettings, channels: int, size: int) -> bool:
    network = settings.network
    with torch.device("meta"):  # its layers are all that counts
        built = build(
            network.name,
            in_channels=channels,
            num_classes=2,
            image_size=size,
            width=network.width,
            activation=network.activation,
            **network.options,
        )
    return can_stack(built, network.name, torch.device("cuda"))
