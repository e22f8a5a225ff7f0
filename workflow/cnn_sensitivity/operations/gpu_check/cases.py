"""Which trainings are timed: each network of the scenarios at its size there, in several modes."""

from collections.abc import Iterable
from dataclasses import dataclass

from cnn_sensitivity.config import TrainingSettings
from cnn_sensitivity.operations.forecast.estimate import data_of
from cnn_sensitivity.operations.forecast.timing_tables import key_and_width
from cnn_sensitivity.plan import Plan

PRECISIONS = ("float32", "bf16", "tf32")
# Precision, and whether by CUDA graph: what decides most first.
MODES = (*((precision, True) for precision in PRECISIONS), ("float32", False))


@dataclass(frozen=True)
class Case:
    """A network as a scenario trains it, on inputs [C, H, W] or [C, L]."""

    settings: TrainingSettings
    shape: tuple[int, ...]
    classes: int

    @property
    def key(self) -> tuple[str, float]:
        """What names the network in a table of timings, and its width."""
        return key_and_width(self.settings.network)

    def in_mode(self, precision: str, cuda_graph: bool) -> TrainingSettings:
        """Return the settings in another precision, by graph or not."""
        recipe = self.settings.recipe.model_copy(update={"precision": precision})
        compute = self.settings.compute.model_copy(update={"cuda_graph": cuda_graph})
        return self.settings.model_copy(update={"recipe": recipe, "compute": compute})


def cases_of(plans: Iterable[Plan]) -> list[Case]:
    """Return a case for each network of the plans, as the first run that has it trains it.

    Networks of a user's own are left out, whose code may be anywhere, and those that are fitted
    without a recipe: of flows no time is known before.
    """
    cases: dict[tuple[str, float], Case] = {}
    for plan in plans:
        for run in plan.runs:
            key = key_and_width(run.network)
            if ":" in run.network.name or key in cases or not run.fit.by_recipe:
                continue
            data = data_of(plan, run.experiment)
            settings = plan.training_settings(run)
            cases[key] = Case(
                settings.model_copy(update={"axes": {"noise": 0.0, "train_size": None}}),
                (data.channels, *(data.size,) * data.dimensions),
                2 if settings.recipe.loss == "hinge" else 10,
            )
    return list(cases.values())
