"""The plan: from a configuration to the list of runs, and the path of every file of a run.

Nothing here imports torch: the Snakefile imports this module each time it is read.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import (
    Config,
    Experiment,
    Measurement,
    MeasurementSettings,
    Network,
    TrainingSettings,
    run_name,
    suggestion,
)
from cnn_sensitivity.config.fits import FITS, AnyFit
from cnn_sensitivity.config.run import REFERENCE

FULLY_CONNECTED = "FullConn"
REFERENCES = f"paper_figures/{REFERENCE}"
"""Folder of the committed reference runs."""
MEASURING_RULES = ("sensitivity", *(f"sensitivity_{number}" for number in range(2, 100)))
"""The rules that measure, one for each list of measurements; a run has the first of them."""
GPU_RULES = (*(fit.rule for fit in FITS.values()), *MEASURING_RULES)
"""The rules that ask for a GPU where there is one to ask for: profiles of clusters name them."""


@dataclass(frozen=True)
class Run:
    """One training job: a stack of seeds of one network under one condition."""

    folder: str
    experiment: str
    network: Network
    axes: Mapping[str, float | int | None]
    """Its point in the experiment's grid, by axis: noise, train_size, and further ones."""
    seeds: tuple[int, ...]
    fit: AnyFit
    """The engine, and what it is told."""
    dimensions: int
    """Of its inputs."""
    measurements: tuple[str, ...]
    measuring: str
    """The name of the rule that measures it."""

    @property
    def name(self) -> str:
        """The run's path below the run's results folder: also its wildcards, joined."""
        label = self.network.label
        return run_name(self.experiment, label, dict(self.axes), self.seeds)

    def path(self, file: str) -> str:
        """Return the path of a file of this run."""
        return f"{self.folder}/{self.name}/{file}"

    @property
    def noise(self) -> float:
        """Magnitude of the noise added to training and test images."""
        return float(self.axes["noise"] or 0)

    @property
    def train_size(self) -> int | None:
        """Number of training images; None for all."""
        size = self.axes["train_size"]
        return None if size is None else int(size)

    @property
    def making(self) -> str:
        """The name of the rule that makes its checkpoint."""
        return self.fit.rule

    @property
    def measured(self) -> list[str]:
        """The paths of its tables of sensitivities, one a measurement."""
        return [self.path(f"{name}.csv") for name in self.measurements]

    @property
    def has_filters(self) -> bool:
        """Whether the network has two-dimensional filters, and so a spectrum."""
        return self.dimensions == 2 and not self.network.name.startswith(FULLY_CONNECTED)


@dataclass(frozen=True)
class Plan:
    """All runs of a configuration, and where their files are."""

    config: Config

    @property
    def results(self) -> str:
        """Folder of the run's intermediate files."""
        return f"results/{self.config.run}"

    @property
    def figures_folder(self) -> str:
        """Folder of the run's figures."""
        return f"paper_figures/{self.config.run}"

    @property
    def reference(self) -> str:
        """Folder of the committed reference run of this name, which need not be there."""
        return f"{REFERENCES}/{self.config.run}"

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All training jobs, in the order of the configuration."""
        return tuple(
            Run(
                self.results,
                name,
                network,
                point,
                seeds,
                experiment.fit_of(network),
                experiment.dimensions,
                _measurements(network, experiment),
                self._measuring[_measurements(network, experiment)],
            )
            for name, experiment in self.config.experiments.items()
            for network in experiment.networks
            for point in experiment.points(network)
            for seeds in network.stacks(experiment.seeds)
        )

    @cached_property
    def _measuring(self) -> dict[tuple[str, ...], str]:
        """The names of the rules that measure, by what they measure.

        Raises:
            UserError: the networks have more lists of measurements than there are names.
        """
        lists = dict.fromkeys(
            _measurements(network, experiment)
            for experiment in self.config.experiments.values()
            for network in experiment.networks
        )
        if len(lists) > len(MEASURING_RULES):
            raise UserError(
                f"configuration: its networks have {len(lists)} different lists of measurements;"
                f" give them {len(MEASURING_RULES)} at most"
            )
        return dict(zip(lists, MEASURING_RULES, strict=False))

    @cached_property
    def _runs_by_name(self) -> dict[str, Run]:
        return {run.name: run for run in self.runs}

    def run(self, name: str) -> Run:
        """Return the run of a name.

        Raises:
            UserError: the configuration has no such run.
        """
        if name not in self._runs_by_name:
            raise UserError(
                f"run {name!r}: not in this configuration{suggestion(name, self._runs_by_name)}"
            )
        return self._runs_by_name[name]

    def select(
        self,
        experiment: str,
        networks: Iterable[str] | None = None,
        keep: Callable[[Run], bool] = lambda _: True,
    ) -> list[Run]:
        """Return the runs of an experiment, of these networks if given, that `keep` accepts."""
        labels = None if networks is None else list(networks)
        return [
            run
            for run in self.runs
            if run.experiment == experiment
            and (labels is None or run.network.label in labels)
            and keep(run)
        ]

    def without(self, names: Collection[str]) -> "Plan":
        """Return the plan without the networks of these runs, by name, wherever they are listed."""
        left_out = {tuple(name.split("/")[:2]) for name in names}
        experiments = {}
        for name, experiment in self.config.experiments.items():
            kept = [each for each in experiment.networks if (name, each.label) not in left_out]
            if kept:
                experiments[name] = experiment.model_copy(update={"networks": kept})
        labels = {label for _, label in left_out}
        chosen = {
            figure: [label for label in shown if label not in labels]
            for figure, shown in self.config.figures.items()
        }
        figures = {figure: shown for figure, shown in chosen.items() if shown}
        changed = {"experiments": experiments, "figures": figures}
        return Plan(self.config.model_copy(update=changed))

    def dataset(self, experiment: str) -> str:
        """Return the path of an experiment's data set."""
        return f"{self.results}/datasets/{experiment}.safetensors"

    def measured_together(self) -> dict[str, list[Run]]:
        """Return the runs by the rule that measures them."""
        rules: dict[str, list[Run]] = {}
        for run in self.runs:
            rules.setdefault(run.measuring, []).append(run)
        return rules

    def table(self, name: str) -> str:
        """Return the path of a table that belongs to no single run."""
        return f"{self.results}/tables/{name}.csv"

    def dataset_settings(self, experiment: str) -> dict[str, object]:
        """Return the arguments of `tasks.prepare.prepare` for an experiment's data."""
        return self.config.experiments[experiment].task(self.config.seed, self.config.data_root)

    def training_settings(self, run: Run) -> TrainingSettings:
        """Return what determines the weights of a run."""
        experiment = self.config.experiments[run.experiment]
        return TrainingSettings(
            experiment=run.experiment,
            network=run.network.architecture(),
            recipe=self.config.recipe(run.network, experiment),
            compute=self.config.compute,
            axes=dict(run.axes),
            seeds=list(run.seeds),
            root_seed=self.config.seed,
            fit=run.fit,
        )

    def measurement_settings(self, run: Run) -> MeasurementSettings:
        """Return what determines the sensitivity tables of a run."""
        return self.settings_of(run.experiment, run.measurements)

    def settings_of(self, experiment: str, names: Iterable[str]) -> MeasurementSettings:
        """Return what determines the tables of these measurements on an experiment's inputs."""
        measured = self.config.experiments[experiment]
        return MeasurementSettings(
            measurements={name: self.measurement(name, measured) for name in names},
            scale=getattr(measured, "scale", None),
            one_dimensional=measured.dimensions == 1,
            root_seed=self.config.seed,
        )

    def measurement(self, name: str, experiment: Experiment) -> Measurement:
        """Return a measurement with what it leaves to the experiment and to the run."""
        settings = self.config.measurements[name]
        left_out = {
            "perturbation": settings.perturbation or experiment.perturbation(),
            "weights": settings.weights or self.config.weights,
        }
        return settings.model_copy(update=left_out)

    @property
    def gpus_per_job(self) -> int:
        """How many GPUs each training and each measuring job asks for."""
        return int(self.config.device == "gpu")


def _measurements(network: Network, experiment: Experiment) -> tuple[str, ...]:
    """Return what is measured of a network: what it lists itself, or else its experiment's."""
    return tuple(network.measurements or experiment.measurements)
