"""Which tables each figure and the scorecard are made from: what ties them to runs.

An experiment's part follows from its settings: networks that see the whole training split are
compared with each other (Figures 3, 4, 6), those with `train_sizes` across these (Figure 5), and
those measured at several displacements of several cut-offs across these (Figure 7). Figure 8 is of
points.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from cnn_sensitivity.config import Diffeomorphism, Images, Measurement
from cnn_sensitivity.config.experiments import Stripe
from cnn_sensitivity.papers.paper import Tables, of_jobs
from cnn_sensitivity.papers.petrini_2021.jobs import jobs
from cnn_sensitivity.plan import Plan, Run
from cnn_sensitivity.tables.measurements import part

ONE_PIXEL = Diffeomorphism().displacement
CUTOFF = Diffeomorphism().cutoff


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    tables = _tables(plan, _image_runs(plan), lambda _: True) or {}
    of_images = of_jobs(jobs(plan), "phase_diagram", "overhangs") or {}
    return {**tables, **of_images, **(_figure_08(plan) or {})}


def _tables(plan: Plan, runs: Iterable[Run], keep: Callable[[Measurement], bool]) -> Tables | None:
    """Return the tables of the measurements that `keep` accepts; None without any."""
    measurements = plan.config.measurements
    kept = [(run, [name for name in run.measurements if keep(measurements[name])]) for run in runs]
    parts = [part(run.measured, names) for run, names in kept if names]
    return {"sensitivity": parts} if parts else None


def _image_runs(plan: Plan) -> list[Run]:
    experiments = plan.config.experiments
    return [
        run
        for run in plan.runs
        if isinstance(experiments[run.experiment], Images) and run.noise == 0
    ]


def _networks(plan: Plan) -> list[Run]:
    """Return the runs that see the whole training split."""
    return [run for run in _image_runs(plan) if run.train_size is None]


def _train_sizes(plan: Plan) -> list[Run]:
    return [run for run in _image_runs(plan) if run.train_size is not None]


def _swept(plan: Plan) -> list[Run]:
    """Return the runs that are measured at several displacements of several cut-offs."""

    def swept_cutoffs(run: Run) -> int:
        deformations = [_deformation(plan.config.measurements[name]) for name in run.measurements]
        pairs = {(each.cutoff, each.displacement) for each in deformations}
        displacements = Counter(cutoff for cutoff, _ in pairs)
        return sum(count > 1 for count in displacements.values())

    return [run for run in _networks(plan) if swept_cutoffs(run) > 1]


def _deformation(measurement: Measurement) -> Diffeomorphism:
    perturbation = measurement.perturbation
    return perturbation if isinstance(perturbation, Diffeomorphism) else Diffeomorphism()


def _by_one_pixel(measurement: Measurement, linear: bool = True) -> bool:
    deformation = _deformation(measurement)
    shown = deformation.displacement == ONE_PIXEL
    return shown and (not linear or deformation.interpolation == "linear")


def _of_the_paper(measurement: Measurement) -> bool:
    """Return whether it is the paper's: one pixel, smallest cut-off, medians."""
    return (
        _by_one_pixel(measurement)
        and _deformation(measurement).cutoff == CUTOFF
        and measurement.average == "median"
    )


def _figure_01(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "phase_diagram", "deformed_examples", "overhangs")


def _figure_02(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "sphere")


def _figure_03(plan: Plan) -> Tables | None:
    def keep(each: Measurement) -> bool:
        return _by_one_pixel(each) and each.average == "median" and each.weights != "best"

    return _tables(plan, _networks(plan), keep)


def _figure_04(plan: Plan) -> Tables | None:
    return _tables(plan, _image_runs(plan), _of_the_paper)


def _figure_05(plan: Plan) -> Tables | None:
    def keep(each: Measurement) -> bool:
        return _by_one_pixel(each) and _deformation(each).cutoff == CUTOFF

    return _tables(plan, _train_sizes(plan), keep)


def _figure_06(plan: Plan) -> Tables | None:
    runs = [run for run in _networks(plan) if plan.training_settings(run).recipe.keep_epochs]
    return _tables(plan, runs, lambda each: _of_the_paper(each) and each.weights != "best")


def _figure_07(plan: Plan) -> Tables | None:
    runs = _swept(plan)
    tables = _tables(plan, runs, lambda each: each.weights != "best")
    experiments = {run.experiment for run in runs}
    of_images = [job for job in jobs(plan) if job.experiment in experiments]
    return tables and {**tables, **(of_jobs(of_images, "identity") or {})}


def _figure_08(plan: Plan) -> Tables | None:
    experiments = plan.config.experiments
    runs = [run for run in plan.runs if isinstance(experiments[run.experiment], Stripe)]
    parts = [part(run.measured, run.measurements) for run in runs]
    return {"stripe": parts} if parts else None


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_01": _figure_01,
    "figure_02": _figure_02,
    "figure_03": _figure_03,
    "figure_04": _figure_04,
    "figure_05": _figure_05,
    "figure_06": _figure_06,
    "figure_07": _figure_07,
    "figure_08": _figure_08,
}
