"""Which tables each figure and the scorecard are made from: what ties them to runs.

A run's part follows from its settings: task, engine, alpha, and what is measured of it.
"""

from collections.abc import Callable, Sequence

from cnn_sensitivity.config.experiments import Cylinder, Stripe
from cnn_sensitivity.papers.paccolat_2021.experiments import (
    feature_flows,
    flows,
    followed,
    machines,
    parts,
)
from cnn_sensitivity.papers.paccolat_2021.jobs import jobs
from cnn_sensitivity.papers.paper import Tables, of_jobs
from cnn_sensitivity.plan import Plan, Run

CURVES = ("compression", "tangent_kernel")
"""The quantities that learning curves are made of."""


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    return _filled(
        paths=_training(followed(flows(plan))),
        machines=_training(machines(plan)),
        measurements=parts(plan, feature_flows(plan), *CURVES),
    )


def _training(runs: Sequence[Run]) -> list[str]:
    return [run.path("training.csv") for run in runs]


def _filled(**tables: list[str]) -> Tables:
    return {kind: paths for kind, paths in tables.items() if paths}


def _of(plan: Plan, runs: list[Run], kind: type, dimension: int | None = None) -> list[Run]:
    """Return the runs on a kind of task, of one dimension if that is given."""
    tasks = plan.config.experiments
    return [
        run
        for run in runs
        if isinstance(task := tasks[run.experiment], kind)
        and (dimension is None or getattr(task, "dimension", None) == dimension)
    ]


def _figure_neurons(plan: Plan) -> Tables | None:
    return _filled(
        measurements=parts(plan, _of(plan, feature_flows(plan), Stripe, 2), "neurons")
    ) or None  # fmt: skip


def _figure_path(plan: Plan) -> Tables | None:
    stripes = followed(_of(plan, feature_flows(plan), Stripe))
    whole = [run for run in stripes if getattr(run.fit, "stop", 0) == 1]
    theory = of_jobs(jobs(plan), "infinite_data")
    return {"paths": _training(whole), **theory} if whole and theory else None


def _figure_lambda(plan: Plan) -> Tables | None:
    return _filled(paths=_training(followed(_of(plan, flows(plan), Stripe)))) or None


def _figure_curves(plan: Plan) -> Tables | None:
    return _curves(plan, Stripe)


def _figure_kernel(plan: Plan) -> Tables | None:
    return _filled(measurements=parts(plan, feature_flows(plan), "tangent_kernel")) or None


def _figure_circle(plan: Plan) -> Tables | None:
    runs = _of(plan, feature_flows(plan), Stripe, 2)
    return _filled(measurements=parts(plan, runs, "kernel_on_circle")) or None


def _figure_cylinder(plan: Plan) -> Tables | None:
    return _curves(plan, Cylinder, "neurons")


def _curves(plan: Plan, kind: type, *besides: str) -> Tables | None:
    """Return what learning curves on a kind of task need; None without a network's."""
    networks = parts(plan, _of(plan, feature_flows(plan), kind), *CURVES, *besides)
    lazy = _training(_of(plan, machines(plan), kind))
    return _filled(measurements=networks, machines=lazy) if networks else None


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_neurons": _figure_neurons,
    "figure_path": _figure_path,
    "figure_lambda": _figure_lambda,
    "figure_curves": _figure_curves,
    "figure_kernel": _figure_kernel,
    "figure_circle": _figure_circle,
    "figure_cylinder": _figure_cylinder,
}
