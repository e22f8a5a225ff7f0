"""The configuration of a whole run, and the relations between its keys."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config.base import Folder, Label, Model, Seed, refuse_duplicates, suggestion
from cnn_sensitivity.config.experiments import (
    AnyExperiment,
    Experiment,
    with_kinds,
)
from cnn_sensitivity.config.limits import check_network, check_pretrained
from cnn_sensitivity.config.measurements import Measurement
from cnn_sensitivity.config.networks import Network, Pretrained, Recipe
from cnn_sensitivity.config.sentences import describe
from cnn_sensitivity.config.settings import Compute

# A part of paths, which a rule's wildcards tell from others.
ExperimentName = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=60)]
OF_WEIGHTS = ("filters", "receptive_field")
"""What is measured of every network that has it, and needs no measurement of its own."""
REFERENCE = "reference"
"""The folder below paper_figures/ that holds committed runs: no run has this name."""


def _is_not_made_anyway(name: str) -> str:
    if name in OF_WEIGHTS:
        raise ValueError(f"{name} is measured without being listed; choose another name")
    return name


MeasurementName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60), AfterValidator(_is_not_made_anyway)
]


def _is_no_folder_of_runs(name: str) -> str:
    if name.lower() == REFERENCE:  # a disk may not tell capital letters
        raise ValueError(f"paper_figures/{name}/ holds committed runs; choose another name")
    return name


class Config(Model):
    """A whole run."""

    paper: Label = "tomasini_2022"
    """The paper that is replicated: which figures and claims the run has."""
    run: Annotated[Label, AfterValidator(_is_no_folder_of_runs)]
    """Name of the run: results/<run>/ and paper_figures/<run>/."""
    seed: Seed = 0
    """The root of every random number of the run."""
    data_root: Folder = "data"
    """Folder for downloads: data sets and ImageNet weights."""
    device: Literal["cpu", "gpu"] = "gpu"
    """gpu: training and measuring jobs ask for a GPU each; without one they use the CPU."""
    recipes: dict[Label, Recipe]
    experiments: Annotated[dict[ExperimentName, AnyExperiment], BeforeValidator(with_kinds)]
    """By name, each of a kind. Leave one out and its figures are left out too."""
    measurements: dict[MeasurementName, Measurement] = {"sensitivity": Measurement()}
    """By name: what is measured of the networks of the experiments that list it."""
    weights: Literal["last", "best"] = "last"
    """Which epoch's weights count as trained: the last, or that of the best test error."""
    compute: Compute = Compute()
    figures: dict[Label, list[Label]] = {}
    """Which networks a figure with a panel for each shows; the default is the paper's."""
    tables: dict[Label, Any] = {}
    """What the tables are made with that belong to no network; the paper says what it takes."""
    pretrained: list[Pretrained] = []
    """Networks with ImageNet weights, torchvision's or of a file, whose filters are shown (T22,
    Figure 13)."""

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
    def _known(cls, networks: list[Pretrained]) -> list[Pretrained]:
        refuse_duplicates("network", [network.label for network in networks])
        try:
            for network in networks:
                if network.weights is None:
                    check_pretrained(network.label)
        except UserError as error:
            raise ValueError(str(error)) from None
        return networks

    @model_validator(mode="after")
    def _recipes_exist(self) -> Self:
        for name, experiment in self.experiments.items():
            for network in experiment.networks:
                key = f"experiments.{name}.networks.{network.label}"
                self._check_network(key, network, experiment)
        return self

    @model_validator(mode="after")
    def _measurements_fit(self) -> Self:
        for name, experiment in self.experiments.items():
            self._check_listed(f"experiments.{name}.measurements", experiment.measurements)
            for network in experiment.networks:
                key = f"experiments.{name}.networks.{network.label}.measurements"
                self._check_listed(key, network.measurements or [])
            for measurement in experiment.all_measurements():
                self._check_measurement(name, experiment, measurement)
        return self

    def _check_listed(self, key: str, measurements: Sequence[str]) -> None:
        for measurement in measurements:
            if measurement not in self.measurements:
                raise ValueError(
                    f"{key}: unknown measurement {measurement!r}"
                    f"{suggestion(measurement, self.measurements)}"
                )

    def _check_measurement(self, name: str, experiment: Experiment, measurement: str) -> None:
        settings, there_are = self.measurements[measurement], experiment.test_images()
        if there_are and "images" in settings.takes and settings.images > there_are:
            raise ValueError(
                f"measurements.{measurement}.images {settings.images}: "
                f"experiments.{name} has {there_are} test images"
            )
        if settings.perturbation is not None:
            try:
                experiment.check_perturbation(settings.perturbation)
            except ValueError as error:
                raise ValueError(
                    f"measurements.{measurement}.perturbation, of experiments.{name}: {error}"
                ) from None

    def _check_network(self, key: str, network: Network, experiment: Experiment) -> None:
        if not experiment.fit_of(network).by_recipe:
            _refuse_recipe(key, network, experiment)
        elif (recipe := network.recipe or experiment.recipe) is None:
            raise ValueError(f"{key}: recipe: missing, and the experiment has none")
        elif recipe not in self.recipes:
            raise ValueError(f"{key}: unknown recipe {recipe!r}{suggestion(recipe, self.recipes)}")
        if network.weights and not experiment.takes_weights:
            raise ValueError(f"{key}: weights: only networks of images are adopted; leave them out")
        try:
            network.check_stacks(experiment.seeds)
            loss = self.recipe(network, experiment).loss
            check_network(network, experiment.dimensions, experiment.pixels())
        except ValidationError as error:
            raise ValueError(f"{key}.override.{describe(error, Recipe)}") from None
        except (UserError, ValueError) as error:
            raise ValueError(f"{key}: {error}") from None
        if loss == "hinge" and experiment.classes() not in (None, 2):
            raise ValueError(
                f"{key}: loss hinge needs two classes, and there are {experiment.classes()};"
                " use cross_entropy"
            )

    def recipe(self, network: Network, experiment: Experiment) -> Recipe:
        """Return the recipe of a network of an experiment, its overrides applied.

        That of an engine which goes by none is the default.
        """
        name = network.recipe or experiment.recipe
        base = self.recipes[name] if name else Recipe()
        recipe = Recipe(**{**base.model_dump(), **network.override})
        if not recipe.rate_times_channels:
            return recipe
        rate = recipe.learning_rate * network.number("channels", 1000)
        changed = {"learning_rate": rate, "rate_times_channels": False}
        return Recipe(**{**recipe.model_dump(), **changed})


def _refuse_recipe(key: str, network: Network, experiment: Experiment) -> None:
    """Raise ValueError for keys of a recipe where the engine goes by none."""
    given = {"recipe": network.recipe or experiment.recipe, "override": network.override}
    for name, value in given.items():
        if value:
            raise ValueError(f"{key}: {name}: {experiment.fit.engine} takes none; leave it out")
