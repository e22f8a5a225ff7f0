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
from cnn_sensitivity.config.limits import at_point
from cnn_sensitivity.config.run import OF_WEIGHTS, REFERENCE
from cnn_sensitivity.config.settings import GridPoint

FULLY_CONNECTED = "FullConn"
REFERENCES = f"paper_figures/{REFERENCE}"
"""Folder of the committed reference runs."""
MEASUREMENTS = "measurements.csv"
"""The file of all that was measured of a run."""
GPU_RULES = (*(fit.rule for fit in FITS.values() if fit.on_gpu), "measure")
"""The rules that ask for a GPU where there is one to ask for: profiles of clusters name them."""


@dataclass(frozen=True)
class Run(GridPoint):
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
    """The configuration's, by name; what needs no images is measured besides."""

    @property
    def name(self) -> str:
        """The run's path below the run's results folder: also its wildcards, joined."""
        label = self.network.label
        return run_name(self.experiment, label, dict(self.axes), self.seeds)

    def path(self, file: str) -> str:
        """Return the path of a file of this run."""
        return f"{self.folder}/{self.name}/{file}"

    @property
    def making(self) -> str:
        """The name of the rule that makes its checkpoint."""
        return self.fit.rule

    @property
    def measured(self) -> str:
        """The path of the table of all that was measured of it."""
        return self.path(MEASUREMENTS)

    @property
    def has_filters(self) -> bool:
        """Whether the network has two-dimensional filters, and so a spectrum."""
        return self.dimensions == 2 and FULLY_CONNECTED not in self.network.name


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
                tuple(network.measurements or experiment.measurements),
            )
            for name, experiment in self.config.experiments.items()
            for network in experiment.networks
            for point in experiment.points(network)
            for seeds in network.stacks(experiment.seeds)
        )

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
            network=at_point(run.network.architecture(), run.axes),
            recipe=self.config.recipe(run.network, experiment),
            compute=self.config.compute,
            axes=dict(run.axes),
            seeds=list(run.seeds),
            root_seed=self.config.seed,
            fit=run.fit,
        )

    def measurement_settings(self, run: Run) -> MeasurementSettings:
        """Return what determines the measurements of a run."""
        has_fields = getattr(self.config.experiments[run.experiment], "receptive_field", False)
        has = dict(zip(OF_WEIGHTS, (run.has_filters, has_fields), strict=True))
        names = (*run.measurements, *(name for name in OF_WEIGHTS if has[name]))
        return self.settings_of(run.experiment, names)

    def settings_of(self, experiment: str, names: Iterable[str]) -> MeasurementSettings:
        """Return what determines the tables of these measurements on an experiment's inputs."""
        measured = self.config.experiments[experiment]
        return MeasurementSettings(
            measurements={name: self.measurement(name, measured) for name in names},
            scale=getattr(measured, "scale", None),
            root_seed=self.config.seed,
        )

    def measurement(self, name: str, experiment: Experiment) -> Measurement:
        """Return a measurement with what it leaves to the experiment and to the run."""
        settings = self.config.measurements.get(name) or Measurement(quantity=name)
        left_out = {**experiment.measuring(), "weights": self.config.weights}
        filled = {
            key: value
            for key, value in left_out.items()
            if key in settings.takes and getattr(settings, key) is None
        }
        return settings.model_copy(update=filled)

    @property
    def gpus_per_job(self) -> int:
        """How many GPUs each training and each measuring job asks for."""
        return int(self.config.device == "gpu")
