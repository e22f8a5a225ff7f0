"""The cost of every run of a plan, and what of it is there already."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.engines.base import passes
from cnn_sensitivity.operations.availability import is_download
from cnn_sensitivity.operations.forecast import this_machine
from cnn_sensitivity.operations.forecast.checkpoints import OF_TRAINING, checkpoint_bytes
from cnn_sensitivity.operations.forecast.timing_tables import Mode, gpu_tables
from cnn_sensitivity.operations.forecast.timings import START_SECONDS, Machine, Timings
from cnn_sensitivity.papers import all_inputs, figure_inputs, jobs
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.tasks.images.image_files import list_images

TABLES_PER_RUN = 40_000  # bytes: tables, logs, benchmark
FIGURE_BYTES = 600_000
FIGURE_SECONDS = 3.0
LONG = 300.0  # seconds of one core: of a shorter run nobody needs to know better


@dataclass(frozen=True)
class Data:
    """The size of an experiment's data; images of a folder are counted."""

    train: int
    validation: int
    test: int
    channels: int
    size: int
    dimensions: int
    bytes_per_number: int

    @property
    def bytes(self) -> int:
        """Of the stored data set: so many bytes a pixel and channel, and eight a label."""
        images = self.train + self.validation + self.test
        return images * (self.bytes_per_number * self.inputs + 8)

    @property
    def inputs(self) -> int:
        """Numbers of one image."""
        return self.channels * self.size**self.dimensions


@dataclass(frozen=True)
class Cost:
    """One run: seconds of its two jobs (None where its network has not been timed), and bytes."""

    run: Run
    train: float | None
    measure: float | None
    bytes: float
    at_most: bool
    own: bool
    trained: bool
    measured: bool

    @property
    def seconds(self) -> float | None:
        """Of both jobs."""
        known = self.train is not None and self.measure is not None
        return (self.train or 0) + (self.measure or 0) if known else None

    @property
    def left(self) -> float | None:
        """Seconds of the jobs whose files are not there."""
        jobs = [(self.train, self.trained), (self.measure, self.measured)]
        waiting = [seconds for seconds, there in jobs if not there]
        return None if None in waiting else sum(seconds or 0 for seconds in waiting)


@dataclass(frozen=True)
class Forecast:
    """What a whole configuration costs. Seconds are of one core, or of one GPU with `on_gpu`."""

    plan: Plan
    on_gpu: bool
    costs: tuple[Cost, ...]
    other_jobs: tuple[str, ...]
    """One file of each remaining job: spectra, tables, figures, scorecard."""
    data_bytes: int
    downloads: dict[str, int]
    """Files to download by what they are, in bytes."""
    machine: Machine
    """How many times as long as the reference this machine takes; 1 before that is known."""
    gpu: str | None = None
    """Name and table of the GPU whose speed is assumed, if it is a table's."""

    @property
    def others_left(self) -> int:
        """Number of the remaining jobs whose file is not there."""
        return sum(not Path(path).exists() for path in self.other_jobs)

    @property
    def seconds_left(self) -> float:
        """Of everything that is not there, as far as it is known."""
        return sum(cost.left or 0 for cost in self.costs) + FIGURE_SECONDS * self.others_left

    @property
    def longest(self) -> float:
        """Seconds of the longest training that is not there, with its measuring."""
        return max((cost.left or 0 for cost in self.costs), default=0)

    @property
    def bytes(self) -> float:
        """Of all results and figures."""
        figures = FIGURE_BYTES * len(figure_inputs(self.plan))
        return self.data_bytes + figures + sum(cost.bytes for cost in self.costs)

    @property
    def untimed(self) -> list[str]:
        """Labels of the networks that nobody has timed."""
        return sorted({cost.run.network.label for cost in self.costs if cost.seconds is None})


def forecast(
    plan: Plan, results: Path | None = Path("results"), gpu_table: Path | None = None
) -> Forecast:
    """Return what the plan costs; paths of its files count from the working folder.

    Finished trainings under `results`, of whatever run, tell this machine's speed; before there are
    any, the networks of `this_machine.table()`, if they have been timed. The hours are
    a GPU's where the jobs ask for one and one has been timed, by those trainings or in `gpu_table`
    (the default: the first of `timings/*.csv`); else a core's.

    Raises:
        UserError: that table cannot be read.
    """
    wants_gpu = bool(plan.gpus_per_job)
    if wants_gpu and gpu_table is None:
        gpu_table = next(iter(gpu_tables()), None)
    timings = Timings(results, wants_gpu, gpu_table, this_machine.table())
    costs = _costs(plan, timings)
    on_gpu = wants_gpu and any(cost.train is not None for cost in costs)
    if wants_gpu and not on_gpu:
        timings = Timings(results, own_table=this_machine.table())
        costs = _costs(plan, timings)
    data = sum(data_of(plan, name).bytes for name in plan.config.experiments)
    others = tuple(_other_jobs(plan, costs))
    downloads = _downloads(plan, costs)
    gpu = f"{timings.gpu} ({gpu_table})" if on_gpu and timings.gpu else None
    return Forecast(plan, on_gpu, costs, others, data, downloads, timings.machine, gpu)


def forecast_here(plan: Plan) -> Forecast:
    """Return the same after timing this machine, if the run is long and nothing tells its speed."""
    expected = forecast(plan)
    if expected.on_gpu or expected.machine.by or expected.seconds_left < LONG:
        return expected
    this_machine.time_networks()
    return forecast(plan)


def _costs(plan: Plan, timings: Timings) -> tuple[Cost, ...]:
    data = {name: data_of(plan, name) for name in plan.config.experiments}
    return tuple(_cost(plan, run, data[run.experiment], timings) for run in plan.runs)


def data_of(plan: Plan, experiment: str) -> Data:
    """Return the size of an experiment's data, before it is read."""
    task = plan.config.experiments[experiment]
    train, test, folder = task.train_images(), task.test_images(), task.image_folder()
    if folder:
        train, test = train or _count(folder, "train"), test or _count(folder, "test")
    size = task.pixels() or 32
    return Data(
        train or 0,
        task.validation_images(),
        test or 0,
        task.channels(),
        size,
        task.dimensions,
        task.bytes_per_number,
    )


def _cost(plan: Plan, run: Run, data: Data, timings: Timings) -> Cost:
    settings = plan.training_settings(run)
    seeds, recipe, mode = len(run.seeds), settings.recipe, Mode.of(settings)
    train = timings.train_seconds(run.network, data.size, mode)
    if train is not None:
        images = passes(settings, data.train, data.test)
        train = None if images is None else START_SECONDS + train * images / 1000
    measure = timings.measure_seconds(run.network, data.size, mode)
    if measure is not None:
        passed = _images_passed(plan, run) * seeds
        measure = START_SECONDS + measure * passed / 1000
    learned = settings.train_size or data.train
    parameters = timings.parameters(run.network)
    measured = _there(run.measured)
    # A checkpoint may go once it has been measured.
    trained = _there(run.path("training.csv")) and (
        measured or _there(run.path("checkpoint.safetensors"))
    )
    return Cost(
        run,
        train,
        measure,
        TABLES_PER_RUN + checkpoint_bytes(settings, parameters, learned, data.inputs),
        recipe.stop_when_fitted and run.fit.engine == "sgd",
        timings.is_own(run.network, data.size, mode),
        trained,
        measured,
    )


def _images_passed(plan: Plan, run: Run) -> float:
    """Return how many images pass the networks of a seed three times: clean, deformed, noisy."""
    measurements = plan.measurement_settings(run).measurements.values()
    sets: dict[tuple, set] = defaultdict(set)
    for each in measurements:
        if "images" not in each.takes:
            continue
        group = each.images, each.weights, each.batch_norm, each.shuffles, each.initializations
        sets[group].add((each.perturbation, each.noise_norm, each.rectify))
    kept = len(plan.training_settings(run).recipe.keep_epochs or [])
    # Fresh networks, the trained one, its shuffled copies, and kept epochs.
    return sum(
        images * (1 + 2 * len(changed)) / 3 * (fresh + 1 + shuffles + kept)
        for (images, _, _, shuffles, fresh), changed in sets.items()
    )


def _other_jobs(plan: Plan, costs: Iterable[Cost]) -> Iterable[str]:
    of_runs = {path for run in plan.runs for path in (run.measured, run.path("training.csv"))}
    of_the_paper = [list(job.outputs.values()) for job in jobs(plan)]
    yield from sorted(all_inputs(plan) - of_runs - {path for made in of_the_paper for path in made})
    yield from (paths[0] for paths in of_the_paper)
    yield from (plan.dataset(experiment) for experiment in _wanted_datasets(plan, costs))
    yield from (f"{plan.figures_folder}/{figure}.png" for figure in figure_inputs(plan))
    yield f"{plan.results}/claims.csv"
    yield f"{plan.results}/software.txt"
    yield f"{plan.results}/first_page.html"


def _wanted_datasets(plan: Plan, costs: Iterable[Cost]) -> list[str]:
    """Return the experiments with a job left that reads their data: figures need no data set."""
    waiting = {cost.run.experiment for cost in costs if not (cost.trained and cost.measured)}
    waiting |= {str(job.experiment) for job in jobs(plan) if not _there(*job.outputs.values())}
    return [experiment for experiment in plan.config.experiments if experiment in waiting]


def _downloads(plan: Plan, costs: Sequence[Cost]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for name in _wanted_datasets(plan, costs):
        experiment = plan.config.experiments[name]
        if _there(plan.dataset(name)):
            continue
        for source, size, copies in experiment.downloads(plan.config.data_root):
            if not any(glob(pattern) for pattern in copies):
                wanted[source] = size
    for job in jobs(plan):
        if not _there(*job.outputs.values()):
            wanted |= job.download
    published = [cost for cost in costs if not cost.trained and is_download(cost.run, plan)]
    if published:
        title = f"weights of {', '.join(cost.run.network.label for cost in published)}"
        wanted[title] = round(sum(cost.bytes for cost in published) / len(OF_TRAINING))
    return wanted


def _count(root: str | None, split: str) -> int:
    """Return how many images a folder has; 0 where it cannot be used, of which others tell."""
    try:
        return len(list_images(root or "").images(split)[0])
    except UserError:
        return 0


def _there(*paths: str) -> bool:
    return all(Path(path).exists() for path in paths)
