"""The configuration of a whole run, and the relations between its keys."""

from typing import Any, Literal, Self

from pydantic import ValidationError, field_validator, model_validator

from cnn_sensitivity.config.base import Folder, Label, Model, Seed, refuse_duplicates, suggestion
from cnn_sensitivity.config.experiments import (
    SIZES,
    Experiment,
    Experiments,
    Images,
    ScaleDetection1d,
)
from cnn_sensitivity.config.limits import check_network, check_pretrained
from cnn_sensitivity.config.networks import Network, Recipe
from cnn_sensitivity.config.sentences import describe
from cnn_sensitivity.config.settings import Compute, Measurement
from cnn_sensitivity.errors import UserError


class Config(Model):
    """A whole run."""

    paper: Label = "tomasini_2022"
    """The paper that is replicated: which figures and claims the run has."""
    run: Label
    """Name of the run: results/<run>/ and paper_figures/<run>/."""
    seed: Seed = 0
    """The root of every random number of the run."""
    data_root: Folder = "data"
    """Folder for downloads: data sets and ImageNet weights."""
    device: Literal["cpu", "gpu"] = "gpu"
    """gpu: training and measuring jobs ask for a GPU each; without one they use the CPU."""
    recipes: dict[Label, Recipe]
    experiments: Experiments
    measurement: Measurement = Measurement()
    compute: Compute = Compute()
    figures: dict[Label, list[Label]] = {}
    """Which networks a figure with a panel for each shows; the default is the paper's."""
    pretrained: list[Label] = []
    """Networks of torchvision with ImageNet weights, whose filters are shown (T22, Figure 13)."""

    @field_validator("figures", mode="before")
    @classmethod
    def _none_is_no_choice(cls, figures: Any) -> Any:
        return {} if figures is None else figures

    @field_validator("figures")
    @classmethod
    def _each_once(cls, figures: dict[str, list[str]]) -> dict[str, list[str]]:
        for figure, labels in figures.items():
            refuse_duplicates(f"network of {figure}", labels)
        return figures

    @field_validator("pretrained")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        refuse_duplicates("network", names)
        try:
            for name in names:
                check_pretrained(name)
        except UserError as error:
            raise ValueError(str(error)) from None
        return names

    @model_validator(mode="after")
    def _recipes_exist(self) -> Self:
        for name, experiment in self.grid().items():
            for network in experiment.networks:
                key = f"experiments.{name}.networks.{network.label}"
                self._check_network(key, network, experiment)
        return self

    @model_validator(mode="after")
    def _enough_test_images(self) -> Self:
        for name, experiment in self.grid().items():
            there_are = experiment.test_images()
            if there_are and self.measurement.images > there_are:
                raise ValueError(
                    f"measurement.images {self.measurement.images}: "
                    f"experiments.{name} has {there_are} test images"
                )
        return self

    def _check_network(self, key: str, network: Network, experiment: Experiment) -> None:
        recipe = network.recipe or experiment.recipe
        if recipe not in self.recipes:
            raise ValueError(f"{key}: unknown recipe {recipe!r}{suggestion(recipe, self.recipes)}")
        try:
            network.check_stacks(experiment.seeds)
            loss = self.recipe(network, experiment).loss
            check_network(network, experiment.dimensions, experiment.pixels())
        except ValidationError as error:
            raise ValueError(f"{key}.override.{describe(error, Recipe)}") from None
        except (UserError, ValueError) as error:
            raise ValueError(f"{key}: {error}") from None
        if loss == "hinge" and isinstance(experiment, Images) and experiment.source.name in SIZES:
            raise ValueError(
                f"{key}: loss hinge needs two classes, and {experiment.source.name} has 10;"
                " use cross_entropy"
            )

    def grid(self) -> dict[str, Experiment]:
        """Return the experiments of the run by name."""
        return {
            name: experiment
            for name in Experiments.model_fields
            if (experiment := getattr(self.experiments, name)) is not None
        }

    def recipe(self, network: Network, experiment: Experiment) -> Recipe:
        """Return the recipe of a network of an experiment, its overrides applied."""
        base = self.recipes[network.recipe or experiment.recipe]
        recipe = Recipe(**{**base.model_dump(), **network.override})
        if not isinstance(experiment, ScaleDetection1d):
            return recipe
        # The one-dimensional networks are parametrised so that the step grows with the width.
        rate = recipe.learning_rate * network.options.get("channels", 1000)
        return Recipe(**{**recipe.model_dump(), "learning_rate": rate})
