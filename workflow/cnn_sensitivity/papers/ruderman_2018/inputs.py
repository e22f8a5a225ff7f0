"""Which tables each figure and the scorecard are made from: what ties them to runs."""

from collections.abc import Callable

from cnn_sensitivity.papers.paper import Tables, measured, of_jobs, of_runs
from cnn_sensitivity.papers.ruderman_2018.experiments import (
    DISTANCE,
    DISTANCE_BATCH,
    RANDOM,
    REAL,
    RESPONSE,
    SMOOTHED,
    STRENGTHS,
    UNTRAINED,
)
from cnn_sensitivity.papers.ruderman_2018.jobs import jobs
from cnn_sensitivity.plan import Plan, Run


def claims(plan: Plan) -> Tables:
    """Return the tables that the claims are measured from."""
    distances = [
        path
        for name in (DISTANCE, DISTANCE_BATCH)
        for path in _distances(plan.runs, name).get("cosine_distance", [])
    ]
    with_filters = (run for run in plan.runs if run.experiment != SMOOTHED)
    return {
        "cosine_distance": distances,
        **(of_runs("spectrum", with_filters) or {"spectrum": []}),
        "training": [run.path("training.csv") for run in plan.select(RANDOM)],
    }


def _distances(runs: tuple[Run, ...] | list[Run], measurement: str = DISTANCE) -> Tables:
    return measured(measurement, runs, "cosine_distance") or {}


def _of(plan: Plan, *experiments: str) -> list[Run]:
    return [run for run in plan.runs if run.experiment in experiments]


def _figure_01(plan: Plan) -> Tables | None:
    return of_jobs(jobs(plan), "pictures")


def _figure_02(plan: Plan) -> Tables | None:
    return _distances(_of(plan, REAL, UNTRAINED)) or None


def _figure_03(plan: Plan) -> Tables | None:
    return of_runs("spectrum", _of(plan, *STRENGTHS))


def _figure_04(plan: Plan) -> Tables | None:
    tables = of_runs("spectrum", _of(plan, REAL, RANDOM))
    return tables and {**tables, **_training(plan)}


def _figure_05(plan: Plan) -> Tables | None:
    tables = _distances(_of(plan, SMOOTHED, RANDOM))
    return {**tables, **_training(plan)} if tables else None


def _figure_ours(plan: Plan) -> Tables | None:
    runs = _of(plan, REAL)
    tables = {**_distances(runs), **(measured(RESPONSE, runs) or {})}
    return {**tables, **(of_runs("spectrum", runs) or {})} if len(tables) == 2 else None


def _training(plan: Plan) -> Tables:
    """Return what tells which networks have learned random labels."""
    return of_runs("training", plan.select(RANDOM)) or {}


FIGURES: dict[str, Callable[[Plan], Tables | None]] = {
    "figure_01": _figure_01,
    "figure_02": _figure_02,
    "figure_03": _figure_03,
    "figure_04": _figure_04,
    "figure_05": _figure_05,
    "figure_ours": _figure_ours,
}
