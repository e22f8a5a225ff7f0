"""Which tables each figure and the scorecard are made from: what ties them to runs."""

from collections.abc import Callable

from cnn_sensitivity.papers.geiger_2021.experiments import (
    CUT,
    ENSEMBLE,
    KERNEL_CHANGE,
    MAP,
    RESPONSE,
)
from cnn_sensitivity.papers.geiger_2021.jobs import jobs
from cnn_sensitivity.papers.paper import Tables, measured, of_jobs
from cnn_sensitivity.plan import Plan


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    kinds = (ENSEMBLE, KERNEL_CHANGE)
    found = {kind: _measured(plan, kind, MAP, CUT).get(kind, []) for kind in kinds}
    return {**found, "paths": _paths(plan, MAP, CUT), **_searches(plan)}


def _measured(plan: Plan, kind: str, *experiments: str) -> Tables:
    runs = [run for name in experiments for run in plan.select(name)]
    return measured(kind, runs, kind) or {}


def _paths(plan: Plan, *experiments: str) -> list[str]:
    return [run.path("training.csv") for name in experiments for run in plan.select(name)]


def _searches(plan: Plan) -> Tables:
    return of_jobs(jobs(plan), "jamming", "crossover") or {}


def _figure_phasespace(plan: Plan) -> Tables | None:
    tables = _measured(plan, ENSEMBLE, MAP)
    if not tables:
        return None
    changes = _measured(plan, KERNEL_CHANGE, MAP)
    return {**tables, **changes, "paths": _paths(plan, MAP, CUT), **_searches(plan)}


def _figure_overfitting(plan: Plan) -> Tables | None:
    tables = _measured(plan, ENSEMBLE, CUT)
    return {**tables, "paths": _paths(plan, CUT)} if tables else None


def _figure_kernel(plan: Plan) -> Tables | None:
    tables = _measured(plan, KERNEL_CHANGE, MAP)
    return {**tables, "paths": _paths(plan, MAP), **_searches(plan)} if tables else None


def _figure_variance(plan: Plan) -> Tables | None:
    tables = _measured(plan, ENSEMBLE, MAP, CUT)
    return {**tables, "paths": _paths(plan, MAP, CUT)} if tables else None


def _figure_ours(plan: Plan) -> Tables | None:
    tables = {**_measured(plan, RESPONSE, MAP), **_measured(plan, ENSEMBLE, MAP)}
    if len(tables) < 2:
        return None
    return {**tables, "paths": _paths(plan, MAP), **_searches(plan)}


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_phasespace": _figure_phasespace,
    "figure_overfitting": _figure_overfitting,
    "figure_kernel": _figure_kernel,
    "figure_variance": _figure_variance,
    "figure_ours": _figure_ours,
}
