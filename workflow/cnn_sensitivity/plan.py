"""The plan: from a configuration to the list of runs, and the path of every file of a run.

Nothing here imports torch: the Snakefile imports this module each time it is read.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import (
    Config,
    Diffeomorphism,
    Experiment,
    Images,
    Measurement,
    MeasurementSettings,
    Network,
    PictureSettings,
    ScaleDetection1d,
    ScaleDetection2d,
    ThinPlate,
    TrainingSettings,
    WeightFile,
    run_name,
    suggestion,
)
from cnn_sensitivity.config.run import OF_WEIGHTS, REFERENCE

FULLY_CONNECTED = "FullConn"
REFERENCES = f"paper_figures/{REFERENCE}"
"""Folder of the committed reference runs."""
MEASUREMENTS = "measurements.csv"
"""The file of all that was measured of a run."""
GPU_RULES = ("train", "adopt", "measure")
"""The rules that ask for a GPU where there is one to ask for: profiles of clusters name them."""


@dataclass(frozen=True)
class Run:
    """One training job: a stack of seeds of one network under one condition."""

    folder: str
    experiment: str
    network: Network
    noise: float
    train_size: int | None
    seeds: tuple[int, ...]
    dimensions: int
    """Of its inputs."""
    measurements: tuple[str, ...]
    """The configuration's, by name; what needs no images is measured besides."""

    @property
    def name(self) -> str:
        """The run's path below the run's results folder: also its wildcards, joined."""
        label = self.network.label
        return run_name(self.experiment, label, self.noise, self.train_size, self.seeds)

    def path(self, file: str) -> str:
        """Return the path of a file of this run."""
        return f"{self.folder}/{self.name}/{file}"

    @property
    def making(self) -> str:
        """The name of the rule that makes its checkpoint."""
        return "train" if self.network.weights is None else "adopt"

    @property
    def measured(self) -> str:
        """The path of the table of all that was measured of it."""
        return self.path(MEASUREMENTS)

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
                noise,
                size,
                seeds,
                experiment.dimensions,
                tuple(network.measurements or experiment.measurements),
            )
            for name, experiment in self.config.experiments.items()
            for network in experiment.networks
            for noise in network.noise or experiment.noise
            for size in (experiment.sizes() if network.weights is None else [None])
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

    def pictures(self, experiment: str) -> str:
        """Return the path of the table that shows one of an experiment's images."""
        return self.table(f"pictures-{experiment}")

    def deformations(self, experiment: str) -> dict[str, str]:
        """Return the paths of the tables on deformations of an experiment's images, by kind."""
        kinds = ("phase_diagram", "overhangs", "deformed_examples", "sphere")
        return {kind: self.table(f"{kind}-{experiment}") for kind in kinds}

    def identity(self, experiment: str) -> str:
        """Return the path of the table that measures an experiment's images themselves."""
        return self.table(f"identity-{experiment}")

    def pretrained_spectra(self) -> list[str]:
        """Return the paths of the spectra of networks with ImageNet weights."""
        return [f"{self.results}/pretrained/{each.label}.csv" for each in self.config.pretrained]

    def pretrained_weights(self, label: str) -> WeightFile | None:
        """Return the file of a network with ImageNet weights; None for torchvision's own."""
        return next(each.weights for each in self.config.pretrained if each.label == label)

    def dataset_settings(self, experiment: str) -> dict[str, object]:
        """Return the arguments of `datasets.prepare` for an experiment's data."""
        seed = self.config.seed
        match self.config.experiments[experiment]:
            case Images(source=source):
                settings = source.model_dump(exclude_none=True)
                if source.name in ("fashion_mnist", "cifar10"):
                    settings.setdefault("root", self.config.data_root)
                return {**settings, "seed": seed}
            case ScaleDetection2d() as task:
                return {
                    "name": "scale_detection_2d",
                    "size": task.size,
                    "scale": task.scale,
                    "gap": task.gap,
                    "train_size": task.train_images(),
                    "test_size": task.test_images(),
                    "seed": seed,
                }
            case ScaleDetection1d() as task:
                return {
                    "name": "scale_detection_1d",
                    "task": task.task,
                    "size": task.size,
                    "scale": task.scale,
                    "gap": getattr(task, "gap", 0),
                    "train_size": task.train_images(),
                    "validation_size": task.validation_images(),
                    "seed": seed,
                }
            case other:
                raise TypeError(f"no data set for {other!r}")

    def training_settings(self, run: Run) -> TrainingSettings:
        """Return what determines the weights of a run."""
        experiment = self.config.experiments[run.experiment]
        return TrainingSettings(
            experiment=run.experiment,
            network=run.network.architecture(),
            recipe=self.config.recipe(run.network, experiment),
            compute=self.config.compute,
            noise=run.noise,
            train_size=run.train_size,
            seeds=list(run.seeds),
            root_seed=self.config.seed,
            weights=run.network.weights,
            published_error=run.network.published_error,
        )

    def measurement_settings(self, run: Run) -> MeasurementSettings:
        """Return what determines the measurements of a run."""
        has_fields = getattr(self.config.experiments[run.experiment], "receptive_field", False)
        has = dict(zip(OF_WEIGHTS, (run.has_filters, has_fields), strict=True))
        names = (*run.measurements, *(name for name in OF_WEIGHTS if has[name]))
        return self._measurement_settings(run.experiment, names)

    def identity_settings(self, experiment: str) -> MeasurementSettings:
        """Return what determines the table that measures an experiment's images themselves."""
        return self._measurement_settings(
            experiment, self.config.experiments[experiment].measurements
        )

    def _measurement_settings(self, experiment: str, names: Iterable[str]) -> MeasurementSettings:
        measured = self.config.experiments[experiment]
        return MeasurementSettings(
            measurements={name: self._measurement(name, measured) for name in names},
            scale=getattr(measured, "scale", None),
            root_seed=self.config.seed,
        )

    def _measurement(self, name: str, experiment: Experiment) -> Measurement:
        """Return a measurement with what it leaves to the experiment and to the run."""
        settings = self.config.measurements.get(name) or Measurement(quantity=name)
        left_out = {**experiment.measuring(), "weights": self.config.weights}
        filled = {
            key: value
            for key, value in left_out.items()
            if key in settings.takes and getattr(settings, key) is None
        }
        return settings.model_copy(update=filled)

    def picture_settings(self, experiment: str) -> PictureSettings:
        """Return what determines the pictures of an experiment's images."""
        images = self.config.experiments[experiment]
        chosen = self._measurement(images.measurements[0], images)
        first = chosen.perturbation or images.perturbation()
        assert isinstance(first, Diffeomorphism | ThinPlate)  # images are allowed nothing else
        return PictureSettings(
            deformation=first, noise=sorted(images.noise), root_seed=self.config.seed
        )

    @property
    def gpus_per_job(self) -> int:
        """How many GPUs each training and each measuring job asks for."""
        return int(self.config.device == "gpu")
