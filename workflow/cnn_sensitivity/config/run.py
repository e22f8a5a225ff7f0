"""The configuration of a whole run, and the relations between its keys."""

from typing import Literal, Self

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


class Figures(Model):
    """Which networks the figures with one panel a network show."""

    figure_03: list[Label] = ["VGG11", "VGG11bn", "AlexNet", "LeNet"]
    figure_04: list[Label] = ["VGG11", "VGG11bn"]
    figure_09: list[Label] = ["VGG11", "VGG11bn", "VGG13bn"]
    pretrained: list[Label] = ["vgg11", "vgg11_bn", "alexnet", "resnet18"]
    """Networks of torchvision with ImageNet weights, for Figure 13."""

    @field_validator("figure_03", "figure_04", "figure_09", "pretrained")
    @classmethod
    def _each_once(cls, labels: list[str]) -> list[str]:
        refuse_duplicates("network", labels)
        return labels

    @field_validator("pretrained")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        try:
            for name in names:
                check_pretrained(name)
        except UserError as error:
            raise ValueError(str(error)) from None
        return names


class Config(Model):
    """A whole run."""

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
    figures: Figures = Figures()

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

    @model_validator(mode="after")
    def _figures_show_what_there_is(self) -> Self:
        for key, experiment in (
            ("figure_03", self.experiments.images),
            ("figure_04", self.experiments.images),
            ("figure_09", self.experiments.scale_detection_2d),
        ):
            labels = [network.label for network in experiment.networks] if experiment else []
            for label in getattr(self.figures, key) if experiment else []:
                if label not in labels:
                    raise ValueError(
                        f"figures.{key}: no network of this run is labelled {label!r}"
                        f"{suggestion(label, labels)} What config.yaml lists there counts until"
                        " another list takes its place"
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
        rate = recipe.learning_rate * network.number("channels", 1000)
        return Recipe(**{**recipe.model_dump(), "learning_rate": rate})
